"""What both readers measure: deltas, time to the first one, lateness, and CPU time and memory of a process."""

import asyncio
import dataclasses
import os
import statistics
import time
from pathlib import Path
from typing import Any

from bench.upstream import PIECE_CHARACTERS

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, all threads together (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_kib(pid: int) -> int:
    """Return how much of a process's memory is in RAM (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


@dataclasses.dataclass
class Meter:
    """Counts what `streams` readers of one process get; `pid` is the process whose cost is measured.

    Flat out, everything from the first delta to the last counts; paced, a window of `window_seconds` that begins
    when all streams flow.
    """

    pid: int
    streams: int
    window_seconds: float
    deltas: int = 0
    firsts: list[float] = dataclasses.field(default_factory=list)
    latenesses: list[float] = dataclasses.field(default_factory=list)
    in_window: bool = False
    began: tuple[float, float] = (0.0, 0.0)
    flowing: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    def first(self, seconds: float) -> None:
        """Note that one more stream brought its first text, so long after it was asked for."""
        if not self.firsts:
            self.began = time.monotonic(), cpu_seconds(self.pid)
        self.firsts.append(seconds)
        if len(self.firsts) == self.streams:
            self.flowing.set()

    def text(self, text: str) -> None:
        """Take text in; each 16 characters of it are one delta of the upstream."""
        self.deltas += len(text) // PIECE_CHARACTERS
        if self.in_window:
            now = time.monotonic()
            pieces = range(0, len(text), PIECE_CHARACTERS)
            self.latenesses += [now - float(text[at : at + PIECE_CHARACTERS]) for at in pieces]

    async def measure(self, reading: "asyncio.Future[Any]") -> dict[str, float]:
        """Wait for the readers and return the figures (milliseconds, KiB, deltas per second)."""
        idle_kib = resident_kib(self.pid)
        figures: dict[str, float] = {"idle_kib": idle_kib}
        if self.window_seconds:
            flowing = asyncio.ensure_future(self.flowing.wait())
            await asyncio.wait([flowing, reading], return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                await reading  # a reader failed: say why, rather than wait for the others
            started, cpu, self.in_window = time.monotonic(), cpu_seconds(self.pid), True
            before = self.deltas
            await asyncio.sleep(self.window_seconds)
            self.in_window = False
            figures |= self._cost(started, cpu, self.deltas - before)
            figures["stream_kib"] = (resident_kib(self.pid) - idle_kib) / self.streams
            figures["late_p99_ms"] = 1000 * statistics.quantiles(self.latenesses, n=100)[98]
            await reading
        else:
            await reading
            figures |= self._cost(*self.began, self.deltas)
        return figures | {"first_ms": 1000 * statistics.median(self.firsts)}

    def _cost(self, started: float, cpu: float, deltas: int) -> dict[str, float]:
        return {
            "deltas": deltas,
            "per_second": deltas / (time.monotonic() - started),
            "cpu_ms_per_1000": 1_000_000 * (cpu_seconds(self.pid) - cpu) / deltas,
        }
