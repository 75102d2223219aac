"""What all readers measure: deltas, time to the first one, lateness, and CPU time and memory of processes."""

import asyncio
import dataclasses
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.load import Figures, Load
from bench.upstream import PIECE_CHARACTERS

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the CPU time that processes have used, all threads together (Linux)."""
    seconds = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        seconds += (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def resident_kib(pids: Sequence[int]) -> int:
    """Return how much of the processes' memory is in RAM (Linux)."""
    kib = 0
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        kib += next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return kib


@dataclasses.dataclass
class Meter:
    """Counts what the readers of one load get; `pids` are the processes whose cost is measured.

    At full speed, everything from the first delta to the last counts; paced, a window that begins when all streams
    flow.
    """

    pids: Sequence[int]
    load: Load
    deltas: int = 0
    firsts: list[float] = dataclasses.field(default_factory=list)
    latenesses: list[float] = dataclasses.field(default_factory=list)
    in_window: bool = False
    began: tuple[float, float] = (0.0, 0.0)
    flowing: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def first(self, seconds: float) -> None:
        """Note that one more stream brought its first text, so many seconds after it was asked for."""
        if not self.firsts:
            self.began = time.monotonic(), cpu_seconds(self.pids)
        self.firsts.append(seconds)
        if len(self.firsts) == self.load.streams:
            self.flowing.set()

    def text(self, text: str) -> None:
        """Take text in; each 16 characters of it are one delta of the upstream."""
        self.deltas += len(text) // PIECE_CHARACTERS
        if self.in_window:
            now = time.monotonic()
            pieces = range(0, len(text), PIECE_CHARACTERS)
            self.latenesses += [now - float(text[at : at + PIECE_CHARACTERS]) for at in pieces]

    async def measure(self, reading: "asyncio.Future[Any]") -> Figures:
        """Wait for the readers and return the figures (milliseconds, KiB, deltas per second)."""
        idle_kib = resident_kib(self.pids)
        figures: Figures = {"idle_kib": idle_kib}
        if self.load.window_seconds:
            flowing = asyncio.ensure_future(self.flowing.wait())
            await asyncio.wait([flowing, reading], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                await reading  # a reader failed: raise its error rather than wait for the others
            figures |= await self._window()
            figures["stream_kib"] = (resident_kib(self.pids) - idle_kib) / self.load.streams
            figures["late_p99_ms"] = 1000 * statistics.quantiles(self.latenesses, n=100)[98]
            await reading
        else:
            await reading
            figures |= self._cost(*self.began, self.deltas)
        return figures | {
            "first_p50_ms": 1000 * statistics.median(self.firsts),
            "first_last_ms": 1000 * max(self.firsts),
        }

    async def _window(self) -> Figures:
        started, cpu, before = time.monotonic(), cpu_seconds(self.pids), self.deltas
        self.in_window = True
        await asyncio.sleep(self.load.window_seconds)
        self.in_window = False
        return self._cost(started, cpu, self.deltas - before)

    def _cost(self, started: float, cpu: float, deltas: int) -> Figures:
        return {
            "deltas": deltas,
            "per_second": deltas / (time.monotonic() - started),
            "cpu_ms_per_1000": 1_000_000 * (cpu_seconds(self.pids) - cpu) / deltas,
        }
