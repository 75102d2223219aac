"""Kill the server repeatedly in the middle of its turns and check that nothing is lost.

`python -m tests.faults.kill --rounds 200` runs it alone (`--database postgres://…` for another store). A real server
with its upstream in another process runs several turns at once. SIGKILL comes at a random moment, often close to an
acknowledgement, and the next server starts on the same data. At the end every accepted message must be stored once,
every turn must have ended, interrupted turns must continue, the ledger must be clean, and of the text that a client
had received only what came within the last flush may be missing.
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
from tests.support.parley import Parley, create_data_folder, create_parley
from tests.support.simulator import Upstream
from tests.support.socket_client import SocketClient

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
class Received:
    """What clients received. `accepted` maps acknowledged turns to client ids; `frames` are by turn."""

    accepted: dict[str, str] = dataclasses.field(default_factory=dict)
    frames: dict[str, list[bytes]] = dataclasses.field(default_factory=dict)
    received_at: dict[tuple[str, int], float] = dataclasses.field(default_factory=dict)
    killed_at: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Report:
    """The figures of a run; `problems` is empty if nothing was lost."""

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


class KillRun:
    """Runs rounds against one Parley and keeps what its clients received."""

    def __init__(self, parley: Parley, seed: int) -> None:
        self.parley, self.received, self.random = parley, Received(), random.Random(seed)

    async def round(self) -> None:
        """Start the server and some turns, and kill the server at a random moment."""
        await asyncio.to_thread(self.parley.server.start)
        async with self.parley.socket() as client:
            starting = asyncio.create_task(self._start_turns(client))
            if self.random.random() < 0.3:
                # Close to the first acknowledgement.
                await client.expect("turn.accepted")
            else:
                await client.expect("block.delta")
                await asyncio.sleep(self.random.uniform(0, 1.2))
            killed_at = asyncio.get_running_loop().time()
            self.parley.server.kill()
            await client.closed()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        self._keep(client, killed_at)

    async def _start_turns(self, client: SocketClient) -> None:
        try:
            for _ in range(TURNS_AT_ONCE):
                text = f"{uuid4()} [[scenario:{self.random.choice(SCENARIOS)}]]"
                await client.start(text, model=self.parley.models["plain"], client_id=text[:36])
        except (ConnectionClosed, AssertionError):
            return  # killed before the answer: this message was not accepted

    def _keep(self, client: SocketClient, killed_at: float) -> None:
        received = self.received
        for message in client.messages:
            if message["type"] == "turn.accepted":
                received.accepted[message["turn"]] = message["client_id"]
                received.killed_at[message["turn"]] = killed_at
        received.frames.update(client.frames)
        received.received_at.update(client.received_at)

    async def end_turns(self) -> None:
        """Start a last server and wait until every turn has ended."""
        await asyncio.to_thread(self.parley.server.start)
        active = "SELECT count(*) AS n FROM chat_turn WHERE status IN ('queued', 'running', 'waiting')"
        deadline = time.monotonic() + 30 + LEASE_SECONDS
        while self.parley.rows.query(active)[0]["n"] and time.monotonic() < deadline:
            await asyncio.sleep(0.2)  # the reaper works in another process: there is no event to wait for
        left = self.parley.rows.query(active)[0]["n"]
        assert not left, f"{left} turns did not end"

    async def continue_all(self) -> list[str]:
        """Continue up to ten interrupted turns and return what did not work."""
        problems = []
        interrupted = "SELECT id FROM chat_turn WHERE status = 'interrupted' ORDER BY id DESC LIMIT 10"
        turns = [row["id"] for row in self.parley.rows.query(interrupted)]
        async with self.parley.socket() as client:
            for turn in turns:
                accepted = await client.ask(type="turn.continue", turn=turn)
                if accepted["type"] != "turn.accepted":
                    problems.append(f"{turn} can't be continued: {accepted}")
                    continue
                await client.send(type="turn.stop", turn=accepted["turn"])
                await client.finished(accepted["turn"])
        return problems

    def check(self, rounds: int) -> Report:
        """Compare the tables with what clients received."""
        rows, received = self.parley.rows, self.received
        problems: list[str] = []
        lost_frames, longest = 0, 0.0
        turns = {row["id"]: row for row in rows.query("SELECT * FROM chat_turn")}
        for turn, client in received.accepted.items():
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
            stored, frames = rows.frames(turn), received.frames.get(turn, [])
            same = sum(1 for one, kept in zip(frames, stored, strict=False) if one == kept)
            if same < len(frames):
                lost_frames += len(frames) - same
                at = received.received_at[turn, same + 1]
                longest = max(longest, received.killed_at[turn] - at)
            problems += self._text_problems(turn, stored)
        problems += self._duplicates()
        interrupted = sum(row["status"] == "interrupted" for row in turns.values())
        return Report(rounds, len(received.accepted), interrupted, lost_frames, longest, problems)

    def _text_problems(self, turn: str, stored: list[bytes]) -> Iterator[str]:
        """Yield what is wrong with the stored frames and the stored text of a turn."""
        import orjson

        events = [orjson.loads(frame) for frame in stored]
        text = "".join(event.get("text", "") for event in events)
        if self.parley.rows.text(turn).strip() != text.strip():
            yield f"the text of {turn} is not what its frames say"
        if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
            yield f"the frames of {turn} have a hole"
        if not events or events[-1]["type"] != "turn.finished":
            yield f"{turn} has no visible end"

    def _duplicates(self) -> Iterator[str]:
        """Yield rows that exist twice, and calls that were never settled."""
        for table, column in (("chat_turn", "client_id"), ("chat_apicall", "key"), ("chat_message", "text")):
            only = " WHERE role = 'user' AND kind = 'chat'" if table == "chat_message" else ""
            twice = f"SELECT {column} FROM {table}{only} GROUP BY {column} HAVING count(*) > 1"
            yield from (f"{table}: {row[column]} is there twice" for row in self.parley.rows.query(twice))
        for row in self.parley.rows.query("SELECT key FROM chat_apicall WHERE status = 'open'"):
            yield f"ledger row {row['key']} is open"
        twice = (
            "SELECT upstream_request_id FROM chat_apicall WHERE upstream_request_id <> '' "
            "GROUP BY upstream_request_id HAVING count(*) > 1"
        )
        yield from (f"request {row} is in the ledger twice" for row in self.parley.rows.query(twice))


async def run_rounds(parley: Parley, rounds: int, seed: int) -> Report:
    """Run the rounds and return their report; the server is left running."""
    run = KillRun(parley, seed)
    for number in range(rounds):
        if number % 20 == 0:
            print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
        try:
            await run.round()
        except (ConnectionError, InvalidMessage, ConnectionClosed):
            continue
    await run.end_turns()
    report = run.check(rounds)
    report.problems += await run.continue_all()
    parley.server.manage("check_ledger")
    return report


@contextmanager
def parley_to_kill(prepared: Path, folder: Path, **environment: str) -> Iterator[Parley]:
    """Create a Parley with a short lease and an upstream in this process."""
    with Upstream(create_app(pace=60)) as upstream:
        lease = {"TURN_LEASE_SECONDS": str(LEASE_SECONDS), **environment}
        connections = [{"name": "plain", "max_retries": 1}]
        # A process that is killed leaves no coverage: measuring it would only make its starts slow.
        parley = create_parley(prepared, folder, upstream, connections, **lease)
        try:
            yield parley
        finally:
            parley.server.kill()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--database", default="", help="an empty PostgreSQL database; else SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"DATABASE_URL": options.database} if options.database else {}
        prepared = create_data_folder(Path(folder) / "prepared", **environment)
        with parley_to_kill(prepared, Path(folder) / "parley", **environment) as parley:
            report = asyncio.run(run_rounds(parley, options.rounds, options.seed))
    print(f"seed {options.seed}: {report}")
    print(*report.problems, sep="\n")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
