"""Keeps a few processes running and ends them together: one essential process and its companions.

When the essential process ends, all end, with its exit code. A companion that dies is restarted after a
growing pause. On Linux no child outlives this process, even if it is killed.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0  # after running this long a companion is restarted with the first pause again
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Service:
    """One process to keep running. Waves end in rising order; `late` services start when the essential one serves."""

    name: str
    command: Sequence[str]
    essential: bool = False
    late: bool = False
    wave: int = 1
    grace_seconds: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Runs services until the essential one ends or a signal arrives."""

    def __init__(self, services: Sequence[Service], *, say: Callable[[str], None]) -> None:
        self.services = services
        self.say = say
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self.ending = asyncio.Event()
        self.kill_now = asyncio.Event()

    async def run(self, wait_until_serving: Callable[[], Awaitable[None]]) -> int:
        """Start all services, wait for the end, end all services; return the exit code (0 after a signal).

        `wait_until_serving` returns when the essential service accepts requests; the late services start
        then.
        """
        self._handle_signals()
        tasks = {
            service.name: asyncio.create_task(self._supervise(service))
            for service in self.services
            if not service.late
        }
        essential = tasks[next(service.name for service in self.services if service.essential)]
        opening = asyncio.create_task(self._open(wait_until_serving, tasks))
        await self._first(essential, self.ending.wait())
        signalled = self.ending.is_set()
        self.ending.set()
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await self._end_all()
        await asyncio.gather(*tasks.values())
        return 0 if signalled else exit_code(essential.result())

    async def _open(
        self, wait_until_serving: Callable[[], Awaitable[None]], tasks: dict[str, asyncio.Task[int]]
    ) -> None:
        await wait_until_serving()
        for service in self.services:
            if service.late:
                tasks[service.name] = asyncio.create_task(self._supervise(service))

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(name, self._on_signal)

    def _on_signal(self) -> None:
        if self.ending.is_set():
            self.kill_now.set()
        else:
            self.say("Stopping; running answers may finish. Press Ctrl-C again to stop at once.")
            self.ending.set()

    async def _supervise(self, service: Service) -> int:
        pause = FIRST_PAUSE_SECONDS
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            code = await self._run_once(service)
            if service.essential or self.ending.is_set():
                return code
            pause = FIRST_PAUSE_SECONDS if clock() - began > STEADY_SECONDS else pause
            self.say(f"{service.name} ended with code {exit_code(code)}; it starts again in {pause:.0f} s.")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.ending.wait()
                return code
            pause = min(pause * 2, MAX_PAUSE_SECONDS)

    async def _run_once(self, service: Service) -> int:
        process = await asyncio.create_subprocess_exec(
            *service.command,
            env={**os.environ, **service.environment},
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # the terminal's Ctrl-C reaches only this process, which ends the others in order
            preexec_fn=_die_with_parent(os.getpid()),
        )
        self.running[service.name] = process
        if self.ending.is_set():  # the end began while the process was starting
            process.terminate()
        code = await process.wait()
        del self.running[service.name]
        _signal_group(process.pid, signal.SIGKILL)  # its remaining children
        return code

    async def _end_all(self) -> None:
        for wave in sorted({service.wave for service in self.services}):
            await asyncio.gather(*(self._end(service) for service in self.services if service.wave == wave))

    async def _end(self, service: Service) -> None:
        process = self.running.get(service.name)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        ended = asyncio.create_task(process.wait())
        await self._first(ended, self.kill_now.wait(), asyncio.sleep(service.grace_seconds))
        if not ended.done():
            self.say(f"{service.name} does not end; it is killed.")
            _signal_group(process.pid, signal.SIGKILL)
            await ended

    @staticmethod
    async def _first(task: asyncio.Task[int], *others: Awaitable[object]) -> None:
        """Return when the first of them ends. The task continues; the others are cancelled."""
        waiting = [asyncio.ensure_future(other) for other in others]
        await asyncio.wait([task, *waiting], return_when=asyncio.FIRST_COMPLETED)
        for other in waiting:
            other.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def exit_code(returncode: int) -> int:
    """Return the exit code that a shell would report: 128 plus the signal's number for a killed process."""
    return returncode if returncode >= 0 else 128 - returncode


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """Return a function for the child to run first, so that the kernel ends it with its parent (Linux only)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def before_program() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent died before prctl took effect
            os._exit(1)

    return before_program
