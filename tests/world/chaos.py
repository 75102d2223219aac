"""Turns against a provider that fails: LLMock speaks the Messages API, breaks it on purpose and judges its client.

`python -m tests.world.chaos --turns 300 --seed 1` runs it alone. Several people talk at once, each in conversations of
a few turns, to a real Parley. One in five responses is an error, and one in five streams breaks after its first text.
Turns have to complete without a click, LLMock must find no error of its client, and the ledger has a row for each
request.

The n-th request of a model meets the same fault in each run of a seed, whichever requests of others come between.
LLMock would draw its faults at random; its server, its answers and its judgement are used as they are.
"""

import argparse
import asyncio
import collections
import dataclasses
import itertools
import json
import random
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llmock.main import create_app
from llmock.scenarios import Fail, Plan, RequestInfo, ScenarioQueue, StreamFault

from tests.support.parley import Parley, create_data_folder, create_parley
from tests.support.simulator import Loopback

TURNS_PER_CONVERSATION = 5
ERRORS = (Fail(429), Fail(429, retry_after=1), Fail(500), Fail(502), Fail(503), Fail(529))
BREAKS = ("disconnect", "malformed")
# Before the first text come message_start, content_block_start and a ping. The shortest answers have four words.
FIRST_TEXT, LAST_TEXT = 4, 6


class Faults(ScenarioQueue):
    """Draws the fault of each request; `errors` and `breaks` are probabilities."""

    def __init__(self, *, seed: int, errors: float, breaks: float) -> None:
        super().__init__()
        self.seed, self.errors, self.breaks = seed, errors, breaks
        self._numbers: dict[Any, Iterator[int]] = collections.defaultdict(itertools.count)

    def plan_for(self, info: RequestInfo) -> Plan:
        number = next(self._numbers[info.model, info.stream])
        draw = random.Random(f"{self.seed} {info.model} {info.stream} {number}")
        if draw.random() < self.errors:
            return Plan(fail=draw.choice(ERRORS))
        if info.stream and draw.random() < self.breaks:
            after = draw.randint(FIRST_TEXT, LAST_TEXT)
            return Plan(stream_fault=StreamFault(draw.choice(BREAKS), after_chunks=after))
        return Plan()


class ChaosServer(Loopback):
    """LLMock on loopback; its Messages API is at `base_url`."""

    def __init__(self, *, seed: int, errors: float = 0.2, breaks: float = 0.2) -> None:
        app = create_app()
        app.state.llmock.scenarios = Faults(seed=seed, errors=errors, breaks=breaks)
        super().__init__(app)

    @property
    def base_url(self) -> str:
        return f"{self.url}/anthropic"

    def verdict(self) -> dict[str, Any]:
        return self._report("verdict")

    def requests(self) -> list[dict[str, Any]]:
        """Return each request with the fault that it met, e.g. "scenario:429", "stream:disconnect@4" or None."""
        return list(self._report("requests")["requests"])

    def _report(self, name: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_llmock/{name}", timeout=20) as response:
            return dict(json.load(response))


@dataclasses.dataclass
class Report:
    """How the turns ended, what the server did and found, and the statuses of the ledger's rows.

    `stories` has the error codes of the calls of each turn that did not complete.
    """

    ends: collections.Counter[str]
    faults: collections.Counter[str]
    rows: collections.Counter[str]
    verdict: dict[str, Any]
    stories: list[str]
    seconds: float

    @property
    def turns(self) -> int:
        return self.ends.total()

    @property
    def completed(self) -> int:
        return self.ends["completed"]

    def __str__(self) -> str:
        found = collections.Counter(f"{each['severity']} {each['code']}" for each in self.verdict["findings"])
        return "\n".join(
            [
                f"{self.turns} turns in {self.seconds:.0f} s: {_listed(self.ends)}",
                f"{self.faults.total()} requests: {_listed(self.faults)}",
                f"{self.rows.total()} rows: {_listed(self.rows)}",
                f"verdict {'passed' if self.verdict['passed'] else 'FAILED'}: {_listed(found)}",
                *self.stories,
            ]
        )


def _listed(counts: collections.Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


@contextmanager
def parley_with_chaos(
    prepared: Path, folder: Path, chaos: ChaosServer, *, lanes: int, **fields: Any
) -> Iterator[Parley]:
    """Run a Parley with one model of the chaos server for each lane; `fields` are those of its connections."""
    connections = [
        {"name": f"lane-{lane}", "model_id": f"chaos-{lane}", "base_url": chaos.base_url, **fields}
        for lane in range(lanes)
    ]
    parley = create_parley(prepared, folder, chaos, connections)  # type: ignore[arg-type]
    with parley.running():
        yield parley


async def run_turns(parley: Parley, turns: int) -> list[str]:
    """Talk in all lanes at once and return the turns' ids when all have ended."""
    models = list(parley.models.values())
    talks = (_talk(parley, model, range(lane, turns, len(models))) for lane, model in enumerate(models))
    return list(itertools.chain(*await asyncio.gather(*talks)))


async def _talk(parley: Parley, model: str, numbers: range) -> list[str]:
    done: list[str] = []
    place: dict[str, Any] = {}
    async with parley.socket() as client:
        for count, number in enumerate(numbers):
            if count % TURNS_PER_CONVERSATION == 0:
                place = {"model": model}
            accepted = await client.start(f"Question {number}: what comes after {number}?", **place)
            ended = await client.finished(accepted["turn"])
            place = {"conversation": accepted["conversation"], "parent": ended["message"]}
            done.append(accepted["turn"])
    return done


def report_on(parley: Parley, chaos: ChaosServer, turns: list[str], seconds: float) -> Report:
    ended = {turn: parley.rows.turn(turn) for turn in turns}
    asked = [each for each in chaos.requests() if each["path"].endswith("/messages")]
    stories = [
        f"{row['status']}: " + ", ".join(call["error_code"] or "done" for call in parley.rows.calls(turn))
        for turn, row in ended.items()
        if row["status"] != "completed"
    ]
    rows = parley.rows.query("SELECT status FROM chat_apicall")
    return Report(
        ends=collections.Counter(row["status"] for row in ended.values()),
        faults=collections.Counter((each["fault"] or "fine").partition("@")[0] for each in asked),
        rows=collections.Counter(row["status"] for row in rows),
        verdict=chaos.verdict(),
        stories=stories,
        seconds=seconds,
    )


def run(prepared: Path, folder: Path, chaos: ChaosServer, *, turns: int, lanes: int) -> Report:
    """Run some turns against a running chaos server; the log and the ledger of the Parley are checked at the end."""
    with parley_with_chaos(prepared, folder, chaos, lanes=lanes) as parley:
        began = time.monotonic()
        done = asyncio.run(run_turns(parley, turns))
        return report_on(parley, chaos, done, time.monotonic() - began)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--at-once", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--errors", type=float, default=0.2)
    parser.add_argument("--breaks", type=float, default=0.2)
    options = parser.parse_args()
    chaos = ChaosServer(seed=options.seed, errors=options.errors, breaks=options.breaks)
    with tempfile.TemporaryDirectory() as folder, chaos:
        prepared = create_data_folder(Path(folder) / "prepared")
        report = run(prepared, Path(folder) / "parley", chaos, turns=options.turns, lanes=options.at_once)
    print(f"seed {options.seed}: {report}")
    return 0 if report.completed >= 0.99 * report.turns and report.verdict["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
