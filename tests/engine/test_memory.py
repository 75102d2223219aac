"""Memory that was freed goes back to the system: large blocks at once, the rest when the process has grown."""

import dataclasses
import platform
import subprocess
import sys
import weakref

import pytest

from chat.engine import memory
from tests.support.clock import Clock
from tests.support.environment import ROOT

# Files of 20 MB come and go, and something small that stays lies behind each of them.
LOAD = """
from chat.engine import memory
{before}
first = bytearray(24_000_000)
del first
start = memory.resident_bytes()
files, kept = [], []
for _ in range(8):
    files.append(bytearray(b"x") * 20_000_000)
    kept.append(bytearray(500_000))
files.clear()
print((memory.resident_bytes() - start) // memory.MIB)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is about glibc")
def test_large_blocks_are_returned() -> None:
    def kept_mib(before: str) -> int:
        code = LOAD.format(before=before)
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return int(done.stdout)

    assert kept_mib("memory.return_large_blocks()") < 40 < kept_mib("")


class Cycle:
    itself: "Cycle"


@dataclasses.dataclass
class Process:
    """A process whose memory is as large as a test says; `unused` of it goes when it is asked to return it."""

    resident: int = 100 * memory.MIB
    unused: int = 0

    def return_unused(self) -> None:
        self.resident, self.unused = self.resident - self.unused, 0


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    made = Process()
    monkeypatch.setattr(memory, "resident_bytes", lambda: made.resident)
    monkeypatch.setattr(memory, "return_unused", made.return_unused)
    return made


def test_memory_is_returned_after_growth(process: Process) -> None:
    growth = memory.Growth(Clock())
    process.resident += memory.GROWTH_BYTES
    assert not growth.check()
    process.resident += 50 * memory.MIB
    process.unused = 50 * memory.MIB
    cycle = Cycle()
    cycle.itself, gone = cycle, weakref.ref(cycle)
    del cycle
    assert growth.check()
    assert process.resident == 100 * memory.MIB + memory.GROWTH_BYTES
    assert gone() is None, "garbage in cycles was collected"


def test_memory_that_was_in_use_is_tried_again(process: Process) -> None:
    clock = Clock()
    growth = memory.Growth(clock)
    process.resident += 1000 * memory.MIB
    tries = []
    for second in range(700):
        clock.now = second
        if growth.check():
            tries.append(second)
    assert tries == [0, 20, 60, 140, 300, 600]
    process.unused = 1000 * memory.MIB
    clock.now = 900
    assert growth.check()
    assert process.resident == 100 * memory.MIB


def test_new_growth_does_not_wait_long(process: Process) -> None:
    clock = Clock()
    growth = memory.Growth(clock)
    process.resident += 1000 * memory.MIB
    for clock.now in (0, 20, 60, 140, 300):
        assert growth.check()
    process.resident += 2 * memory.GROWTH_BYTES
    clock.now += memory.SHORTEST_WAIT_SECONDS - 1
    assert not growth.check()
    clock.now += 1
    assert growth.check()


def test_the_resident_size_is_read() -> None:
    assert (memory.resident_bytes() > memory.MIB) == (sys.platform == "linux")
