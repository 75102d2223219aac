"""Keeps a few processes alive and ends them together: one essential process and its companions.

The end of the essential one is the end of all, with its exit code. A companion that dies is started again with a
growing pause. On Linux no child outlives this process, not even when it is killed outright.
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
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a companion that lived this long starts again at the first pause
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process to keep. Waves end in rising order; `late` ones start when the essential one answers."""

    name: str
    command: Sequence[str]
    essential: bool = False
    late: bool = False
    wave: int = 1
    grace_seconds: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Run parts until the essential one ends or a signal arrives."""

    def __init__(self, parts: Sequence[Part], *, say: Callable[[str], None]) -> None:
        self.parts = parts
        self.say = say
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self.ending = asyncio.Event()
        self.hurry = asyncio.Event()

    async def run(self, answering: Callable[[], Awaitable[None]]) -> int:
        """Start everything, wait for the end, end everything; return the exit code (0 after a signal).

        `answering` returns once the essential part serves; only then do the late parts start.
        """
        self._hear_signals()
        keepers = {part.name: asyncio.create_task(self._keep(part)) for part in self.parts if not part.late}
        essential = keepers[next(part.name for part in self.parts if part.essential)]
        opening = asyncio.create_task(self._open(answering, keepers))
        await self._first(essential, self.ending.wait())
        signalled = self.ending.is_set()
        self.ending.set()
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await self._end_all()
        await asyncio.gather(*keepers.values())
        return 0 if signalled else exit_code(essential.result())

    async def _open(
        self, answering: Callable[[], Awaitable[None]], keepers: dict[str, asyncio.Task[int]]
    ) -> None:
        await answering()
        for part in self.parts:
            if part.late:
                keepers[part.name] = asyncio.create_task(self._keep(part))

    def _hear_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(name, self._on_signal)

    def _on_signal(self) -> None:
        if self.ending.is_set():
            self.hurry.set()
        else:
            self.say("Stopping; running answers may finish. Press Ctrl-C again to stop at once.")
            self.ending.set()

    async def _keep(self, part: Part) -> int:
        pause = FIRST_PAUSE_SECONDS
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            code = await self._live(part)
            if part.essential or self.ending.is_set():
                return code
            pause = FIRST_PAUSE_SECONDS if clock() - began > STEADY_SECONDS else pause
            self.say(f"{part.name} ended with code {exit_code(code)}; it starts again in {pause:.0f} s.")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ending.wait(), pause)
                return code
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _live(self, part: Part) -> int:
        process = await asyncio.create_subprocess_exec(
            *part.command,
            env={**os.environ, **part.environment},
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # the terminal's Ctrl-C reaches this process alone, which ends the rest in order
            preexec_fn=_die_with_parent(os.getpid()),
        )
        self.running[part.name] = process
        if self.ending.is_set():  # the end came while it started
            process.terminate()
        code = await process.wait()
        del self.running[part.name]
        _signal_group(process.pid, signal.SIGKILL)  # what it may have left behind
        return code

    async def _end_all(self) -> None:
        for wave in sorted({part.wave for part in self.parts}):
            await asyncio.gather(*(self._end(part) for part in self.parts if part.wave == wave))

    async def _end(self, part: Part) -> None:
        process = self.running.get(part.name)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        ended = asyncio.create_task(process.wait())
        await self._first(ended, self.hurry.wait(), asyncio.sleep(part.grace_seconds))
        if not ended.done():
            self.say(f"{part.name} does not end; it is killed.")
            _signal_group(process.pid, signal.SIGKILL)
            await ended

    @staticmethod
    async def _first(task: asyncio.Task[int], *others: Awaitable[object]) -> None:
        """Return when the first of them ends; the task goes on, the others are given up."""
        waiting = [asyncio.ensure_future(other) for other in others]
        await asyncio.wait([task, *waiting], return_when=asyncio.FIRST_COMPLETED)
        for other in waiting:
            other.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def exit_code(returncode: int) -> int:
    """Return what a shell would report: 128 plus the signal's number for a killed process."""
    return returncode if returncode >= 0 else 128 - returncode


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """Return what a child runs before its program so that the kernel ends it with its parent (Linux only)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def before_program() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return before_program
