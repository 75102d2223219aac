"""Kill the server again and again in the middle of its turns, and look whether anything is lost.

`python -m tests.faults.kill --rounds 200` runs it alone (`--database postgres://…` for another store). A real server
with its upstream in another process runs several turns at once; SIGKILL comes at a random moment, often right around
an acknowledgement; the next server starts on the same data. At the end every accepted message must be there once,
every turn must have ended, interrupted ones must continue, the ledger must be clean, and of the text that a
viewer had received only what came within the last flush may be missing.
"""

import argparse
import asyncio
import dataclasses
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from websockets.exceptions import ConnectionClosed, InvalidMessage

from chat.simulator.app import create_app
from tests.faults.stage import Line, Parley, build, prepare
from tests.support.simulator import Upstream

LEASE_SECONDS = 3
TURNS_AT_ONCE = 4
ENDS = ("completed", "interrupted", "stopped")
SCENARIOS = (
    "long tokens=900 pace=60",  # longer than a server lives, short enough for the last one to end
    "long tokens=150 pace=100",
    "echo",
    "pause_turn rounds=2 pace=30",
    "overloaded times=1 pace=60",
)


@dataclasses.dataclass
class Seen:
    """What clients know: texts whose turn was acknowledged, frames by turn with their time of arrival."""

    accepted: dict[str, str] = dataclasses.field(default_factory=dict)
    frames: dict[str, list[bytes]] = dataclasses.field(default_factory=dict)
    received_at: dict[tuple[str, int], float] = dataclasses.field(default_factory=dict)
    killed_at: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Verdict:
    """The figures of a run; `problems` is empty when everything held."""

    rounds: int
    accepted: int
    interrupted: int
    lost_frames: int
    longest_loss_seconds: float
    problems: list[str]

    def __str__(self) -> str:
        return (
            f"{self.rounds} kills, {self.accepted} accepted messages, {self.interrupted} interrupted turns, "
            f"{self.lost_frames} frames lost, oldest of them {self.longest_loss_seconds * 1000:.0f} ms before the "
            f"kill, {len(self.problems)} problems"
        )


class Killer:
    """Runs rounds against one Parley and keeps what clients saw."""

    def __init__(self, stage: Parley, seed: int) -> None:
        self.stage, self.seen, self.chance = stage, Seen(), random.Random(seed)

    async def round(self) -> None:
        """Start turns, kill the server at a random moment, start it again."""
        await asyncio.to_thread(self.stage.server.start)
        async with self.stage.socket() as line:
            starting = asyncio.create_task(self._start_turns(line))
            if self.chance.random() < 0.3:
                # Right around the first acknowledgement.
                await line.expect("turn.accepted")
            else:
                await line.expect("block.delta")
                await asyncio.sleep(self.chance.uniform(0, 1.2))
            killed_at = asyncio.get_running_loop().time()
            self.stage.server.kill()
            await line.closed()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        self._note(line, killed_at)

    async def _start_turns(self, line: Line) -> None:
        try:
            for _ in range(TURNS_AT_ONCE):
                text = f"{uuid4()} [[scenario:{self.chance.choice(SCENARIOS)}]]"
                await line.start(text, model=self.stage.models["plain"], client_id=text[:36])
        except (ConnectionClosed, AssertionError):
            return  # killed before the answer: this message was not accepted

    def _note(self, line: Line, killed_at: float) -> None:
        seen = self.seen
        for message in line.messages:
            if message["type"] == "turn.accepted":
                seen.accepted[message["turn"]] = message["client_id"]
                seen.killed_at[message["turn"]] = killed_at
        seen.frames.update(line.frames)
        seen.received_at.update(line.received_at)

    async def settle(self) -> None:
        """Start a last server and wait until it has ended every turn; some it still runs itself."""
        await asyncio.to_thread(self.stage.server.start)
        active = "SELECT count(*) AS n FROM chat_turn WHERE status IN ('queued', 'running', 'waiting')"
        deadline = time.monotonic() + 30 + LEASE_SECONDS
        while self.stage.rows.query(active)[0]["n"] and time.monotonic() < deadline:
            await asyncio.sleep(0.2)  # the reaper works in another process: there is no event to wait for
        left = self.stage.rows.query(active)[0]["n"]
        assert not left, f"{left} turns did not end"

    async def continue_all(self) -> list[str]:
        """Continue the interrupted turns; returns what did not work."""
        problems = []
        interrupted = "SELECT id FROM chat_turn WHERE status = 'interrupted' ORDER BY id DESC LIMIT 10"
        turns = [row["id"] for row in self.stage.rows.query(interrupted)]
        async with self.stage.socket() as line:
            for turn in turns:
                accepted = await line.ask(type="turn.continue", turn=turn)
                if accepted["type"] != "turn.accepted":
                    problems.append(f"{turn} can't be continued: {accepted}")
                    continue
                await line.send(type="turn.stop", turn=accepted["turn"])
                await line.finished(accepted["turn"])
        return problems

    def judge(self, rounds: int) -> Verdict:
        """Hold what the tables have against what clients saw."""
        rows, seen = self.stage.rows, self.seen
        problems: list[str] = []
        lost_frames, longest = 0, 0.0
        turns = {row["id"]: row for row in rows.query("SELECT * FROM chat_turn")}
        for turn, client in seen.accepted.items():
            if turn not in turns:
                problems.append(f"accepted turn {turn} is lost")
                continue
            messages = rows.query(
                "SELECT text FROM chat_message WHERE id = ?", turns[turn]["user_message_id"]
            )
            if not messages or not messages[0]["text"].startswith(client):
                problems.append(f"the message of {turn} is lost")
            if turns[turn]["status"] not in ENDS:
                problems.append(f"{turn} ended as {turns[turn]['status']} {turns[turn]['error_code']}")
            stored, received = rows.frames(turn), seen.frames.get(turn, [])
            same = sum(1 for mine, kept in zip(received, stored, strict=False) if mine == kept)
            if same < len(received):
                lost_frames += len(received) - same
                at = seen.received_at[turn, same + 1]
                longest = max(longest, seen.killed_at[turn] - at)
            problems += self._unkept(turn, stored)
        problems += self._doubles()
        interrupted = sum(row["status"] == "interrupted" for row in turns.values())
        return Verdict(rounds, len(seen.accepted), interrupted, lost_frames, longest, problems)

    def _unkept(self, turn: str, stored: list[bytes]) -> Iterator[str]:
        """The message must have all text of the durable frames."""
        import orjson

        events = [orjson.loads(frame) for frame in stored]
        text = "".join(event.get("text", "") for event in events)
        if self.stage.rows.text(turn).strip() != text.strip():
            yield f"the text of {turn} is not what its frames say"
        if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
            yield f"the frames of {turn} have a hole"
        if not events or events[-1]["type"] != "turn.finished":
            yield f"{turn} has no visible end"

    def _doubles(self) -> Iterator[str]:
        for table, column in (("chat_turn", "client_id"), ("chat_apicall", "key"), ("chat_message", "text")):
            only = " WHERE role = 'user' AND kind = 'chat'" if table == "chat_message" else ""
            twice = f"SELECT {column} FROM {table}{only} GROUP BY {column} HAVING count(*) > 1"
            yield from (f"{table}: {row[column]} is there twice" for row in self.stage.rows.query(twice))
        for row in self.stage.rows.query("SELECT key FROM chat_apicall WHERE status = 'open'"):
            yield f"ledger row {row['key']} is open"
        twice = (
            "SELECT upstream_request_id FROM chat_apicall WHERE upstream_request_id <> '' "
            "GROUP BY upstream_request_id HAVING count(*) > 1"
        )
        yield from (f"request {row} is in the ledger twice" for row in self.stage.rows.query(twice))


async def run(stage: Parley, rounds: int, seed: int) -> Verdict:
    """Run the rounds and return the verdict; the server is left running."""
    killer = Killer(stage, seed)
    for _ in range(rounds):
        try:
            await killer.round()
        except (ConnectionError, InvalidMessage, ConnectionClosed):
            continue
    await killer.settle()
    verdict = killer.judge(rounds)
    verdict.problems += await killer.continue_all()
    stage.server.manage("check_ledger")
    return verdict


@contextmanager
def parley_to_kill(prepared: Path, folder: Path, **environment: str) -> Iterator[Parley]:
    """Make a Parley with a short lease and an upstream in this process."""
    with Upstream(create_app(pace=60)) as upstream:
        lease = {"TURN_LEASE_SECONDS": str(LEASE_SECONDS), **environment}
        connections = [{"name": "plain", "max_retries": 1}]
        # A process that is killed leaves no coverage: measuring it would only make its starts slow.
        stage = build(prepared, folder, upstream, connections, measured=False, **lease)
        try:
            yield stage
        finally:
            stage.server.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", default="", help="an empty PostgreSQL database; else SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"DATABASE_URL": options.database} if options.database else {}
        prepared = prepare(Path(folder) / "prepared", **environment)
        with parley_to_kill(prepared, Path(folder) / "parley", **environment) as stage:
            verdict = asyncio.run(run(stage, options.rounds, options.seed))
    print(f"seed {options.seed}: {verdict}")
    print(*verdict.problems, sep="\n")
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
