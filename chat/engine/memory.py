"""How glibc keeps memory (mallopt(3), malloc_trim(3)). With other C libraries nothing is done.

docs/decisions/0014-returned-memory.md has the measurements.
"""

import contextlib
import ctypes
import gc
import os
import time
from collections.abc import Callable
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
MIB = 2**20
# A block of this size is mapped, and returned when it is freed.
MAPPED_BYTES = MIB
# As much at the end of the heap is kept for what comes next.
KEPT_BYTES = 4 * MIB
# A process that is so much larger than it was returns what it has freed meanwhile.
GROWTH_BYTES = 16 * MIB
# Collections stop all streams for some milliseconds.
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 10.0, 300.0
# An attribute error where the C library lacks the function, a type error where there is no library to open.
UNSUPPORTED = (AttributeError, OSError, TypeError)


def return_large_blocks() -> None:
    """Return each large block when it is freed.

    By itself glibc takes blocks of up to 32 MiB from its heap once one of that size was freed: then a single large file
    keeps hundreds of MiB, because something small lies behind them.
    """
    with contextlib.suppress(*UNSUPPORTED):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def share_one_heap() -> None:
    """Let all threads that begin later allocate from one heap; each heap of a thread keeps some MiB that it freed."""
    with contextlib.suppress(*UNSUPPORTED):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def return_unused() -> None:
    """Return memory that was freed to the system (some milliseconds)."""
    with contextlib.suppress(*UNSUPPORTED):
        ctypes.CDLL(None).malloc_trim(0)


class Growth:
    """Returns memory when the process has grown; asking costs some microseconds.

    Garbage in cycles is collected first: a request of Django's is one, its file or long answer hangs on it, and with
    the thresholds of a server full collections are rare. What is still in use is tried again, ever more rarely.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._least = self._left = resident_bytes()
        self._tried_at, self._wait = -LONGEST_WAIT_SECONDS, SHORTEST_WAIT_SECONDS

    def check(self) -> bool:
        """Return unused memory if the process is larger than it was, and whether it tried to."""
        resident = resident_bytes()
        self._least = min(self._least, resident)
        if resident <= self._least + GROWTH_BYTES:
            return False
        if resident > self._left + GROWTH_BYTES:
            self._wait = SHORTEST_WAIT_SECONDS
        if self._clock() < self._tried_at + self._wait:
            return False
        gc.collect()
        return_unused()
        self._left, self._tried_at = resident_bytes(), self._clock()
        freed = resident - self._left >= GROWTH_BYTES
        self._wait = SHORTEST_WAIT_SECONDS if freed else min(2 * self._wait, LONGEST_WAIT_SECONDS)
        return True


def resident_bytes() -> int:
    """Return how much memory of this process is in RAM (Linux); elsewhere 0."""
    with contextlib.suppress(OSError):
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf(
            "SC_PAGE_SIZE"
        )
    return 0
