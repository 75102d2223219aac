"""Rounds of measurements: the limit and each form of Parley carry the same loads in turn.

So a busy moment of the machine hits all of them.
"""

import dataclasses
import json
import statistics
from typing import Protocol

from bench.forms import TWO_PROCESSES, Form
from bench.load import Figures, Load, Scale
from bench.parley import run_json

LATE_MS = 133.0  # one frame of 33 ms, and 100 ms
WARM_STREAMS = 5
# The limit's CPU time for 1,000 paced deltas on the machine on which the targets were set.
TARGETS_MACHINE_MS = 27.5
LIMIT = "limit"


class Contender(Protocol):
    """What carries a load."""

    @property
    def name(self) -> str: ...

    def run(self, load: Load) -> Figures: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """The SDK alone, reading the same upstream."""

    url: str
    name: str = LIMIT

    def run(self, load: Load) -> Figures:
        return run_json("bench.limit", json.dumps({"url": self.url, "load": dataclasses.asdict(load)}))


class Rounds:
    """All figures that the contenders' loads gave."""

    def __init__(self, scale: Scale, limit: Limit, forms: list[Form]) -> None:
        self._scale = scale
        self._contenders: list[Contender] = [limit, *forms]
        self._seen: dict[tuple[str, str], list[Figures]] = {}
        self._carried: dict[str, int] = {}

    def run(self) -> None:
        """Let all contenders run in turn, several times. Viewers at another process are measured paced only."""
        for contender in self._contenders[1:]:
            contender.run(
                self._scale.flat(WARM_STREAMS)
            )  # the first turns also load templates, caches and clients
        for number in range(1, self._scale.rounds + 1):
            for contender in self._contenders:
                self._measure(number, contender, "paced", self._scale.paced())
                if contender.name != TWO_PROCESSES:
                    self._measure(number, contender, "flat", self._scale.flat())

    def _measure(self, number: int, contender: Contender, kind: str, load: Load) -> None:
        figures = contender.run(load)
        self._seen.setdefault((contender.name, kind), []).append(figures)
        say(f"round {number}: {contender.name}, {kind}", figures)

    def climb(self) -> None:
        """Find how many paced streams each contender with one process carries without being late."""
        for contender in self._contenders:
            if contender.name != TWO_PROCESSES:
                self._carried[contender.name] = self._most_in_time(contender)

    def _most_in_time(self, contender: Contender) -> int:
        carried = 0
        for streams in self._scale.climb:
            if not self._in_time(contender, streams):
                break
            carried = streams
        fewer = () if carried else self._scale.descend
        return carried or next((streams for streams in fewer if self._in_time(contender, streams)), 0)

    def _in_time(self, contender: Contender, streams: int) -> bool:
        """A contender that was late is measured once more: no median of rounds levels a busy moment here."""
        for _try in range(2):
            figures = contender.run(self._scale.paced(streams))
            say(f"{streams} streams: {contender.name}", figures)
            if figures["late_p99_ms"] < LATE_MS:
                return True
        return False

    def median(self, name: str, kind: str, figure: str) -> float:
        """Return the median of all rounds; `kind` is flat or paced."""
        return statistics.median(figures[figure] for figures in self._seen[name, kind])

    def first(self, name: str, kind: str, figure: str) -> float:
        """Return the first round's figure: of memory, for later rounds find what earlier ones gave back."""
        return self._seen[name, kind][0][figure]

    def carried(self, name: str) -> int:
        return self._carried[name]

    def slowness(self) -> float:
        """Return how many times longer the limit takes here than on the targets' machine; at least 1."""
        return max(1.0, round(self.median(LIMIT, "paced", "cpu_ms_per_1000") / TARGETS_MACHINE_MS, 2))


def say(what: str, figures: Figures) -> None:
    """Print the progress of a run that takes minutes."""
    told = ", ".join(f"{name} {value:,.1f}" for name, value in figures.items())
    print(f"{what}: {told}", flush=True)
