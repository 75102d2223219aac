"""The supervisor with real processes: start, restart, order of ending, and remaining processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chat.embedded.supervisor import Service, Supervisor, exit_code
from tests.support.environment import ROOT


def script(text: str) -> list[str]:
    return ["sh", "-c", text]


class Said(list[str]):
    """The messages of the supervisor."""

    async def until(self, word: str) -> None:
        async with asyncio.timeout(20):
            while not any(word in line for line in self):
                await asyncio.sleep(0.01)


async def lines(path: Path, count: int) -> list[str]:
    """Return what processes wrote to a file once they wrote that many lines."""
    async with asyncio.timeout(20):
        while not path.exists() or len(path.read_text().splitlines()) < count:
            await asyncio.sleep(0.01)
    return path.read_text().splitlines()


async def at_once() -> None:
    return None


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def until_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.01)


async def test_essential_process_ends_all_with_its_code(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    services = [
        Service(
            name="web", command=script(f"until [ -s {pids} ]; do sleep 0.05; done; exit 7"), essential=True
        ),
        Service(name="jobs", command=script(f"echo $$ > {pids}; exec sleep 1000")),
    ]
    assert await Supervisor(services, say=Said().append).run(at_once) == 7
    assert not alive(int(pids.read_text()))


async def test_a_companion_that_dies_starts_again(tmp_path: Path) -> None:
    starts, said = tmp_path / "starts", Said()
    services = [
        Service(name="web", command=script("exec sleep 1000"), essential=True),
        Service(name="jobs", command=script(f"echo started >> {starts}; exit 3")),
    ]
    supervisor = Supervisor(services, say=said.append)
    running = asyncio.create_task(supervisor.run(at_once))
    await lines(starts, 2)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await running == 0
    assert said[0] == "jobs ended with code 3; it starts again in 1 s."
    assert supervisor.running == {}


async def test_late_processes_wait_for_the_essential_one(tmp_path: Path) -> None:
    order, serving = tmp_path / "order", asyncio.Event()
    services = [
        Service(name="web", command=script(f"echo web >> {order}; exec sleep 1000"), essential=True),
        Service(name="jobs", command=script(f"echo jobs >> {order}; exec sleep 1000"), late=True),
    ]

    async def answers() -> None:
        await serving.wait()

    running = asyncio.create_task(Supervisor(services, say=Said().append).run(answers))
    assert await lines(order, 1) == ["web"]
    serving.set()
    assert await lines(order, 2) == ["web", "jobs"]
    os.kill(os.getpid(), signal.SIGINT)
    assert await running == 0


async def test_process_groups_end_in_order(tmp_path: Path) -> None:
    order = tmp_path / "order"

    def service(name: str, **options: object) -> Service:
        trap = f"trap 'sleep 0.2; echo {name} >> {order}; exit 0' TERM; echo ready >> {order}"
        return Service(name=name, command=script(f"{trap}; while :; do sleep 0.02; done"), **options)

    services = [service("web", essential=True), service("model", wave=2)]
    running = asyncio.create_task(Supervisor(services, say=Said().append).run(at_once))
    await lines(order, 2)
    os.kill(os.getpid(), signal.SIGINT)
    assert await running == 0
    assert (await lines(order, 4))[2:] == ["web", "model"]


@pytest.mark.parametrize("second_signal", [True, False])
async def test_process_that_ignores_sigterm_is_killed(tmp_path: Path, second_signal: bool) -> None:
    pids, said = tmp_path / "pids", Said()
    stubborn = script(f"trap '' TERM; echo $$ > {pids}; while :; do sleep 0.05; done")
    grace = 1000 if second_signal else 0.2
    services = [Service(name="web", command=stubborn, essential=True, grace_seconds=grace)]
    running = asyncio.create_task(Supervisor(services, say=said.append).run(at_once))
    (pid,) = await lines(pids, 1)
    os.kill(os.getpid(), signal.SIGINT)
    await said.until("Stopping")
    if second_signal:
        os.kill(os.getpid(), signal.SIGINT)
    assert await running == 0
    assert said[-1] == "web does not end; it is killed."
    assert not alive(int(pid))


async def test_children_of_a_dead_process_are_ended(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    services = [Service(name="web", command=script(f"sleep 1000 & echo $! > {pids}; exit 0"), essential=True)]
    assert await Supervisor(services, say=Said().append).run(at_once) == 0
    until_gone(int(pids.read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help exists on Linux")
def test_no_child_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    program = f"""
import asyncio
from chat.embedded.supervisor import Service, Supervisor
async def never(): await asyncio.Event().wait()
service = Service(name="web", command=["sh", "-c", "echo $$ > {pids}; exec sleep 1000"], essential=True)
asyncio.run(Supervisor([service], say=print).run(never))
"""
    supervisor = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT)
    deadline = time.monotonic() + 20
    while not (pids.exists() and pids.read_text().strip()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    supervisor.kill()
    supervisor.wait()
    until_gone(int(pids.read_text()))


@pytest.mark.parametrize(("returncode", "expected"), [(0, 0), (3, 3), (-9, 137), (-15, 143)])
def test_exit_codes_follow_the_shell(returncode: int, expected: int) -> None:
    assert exit_code(returncode) == expected
