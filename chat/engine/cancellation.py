"""The one way in for whatever ends a turn from outside: Stop, silence, a limit, shutdown, a lost lease."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

STOP, IDLE, TOO_LONG, SHUTDOWN, LOST = "stop", "idle", "too_long", "shutdown", "lost"


class Cancellation:
    """`abort` may be called at any time; it cuts in only where the turn waits under `abortable`."""

    def __init__(self) -> None:
        self._timeout: asyncio.Timeout | None = None
        self.reason = ""

    def abort(self, reason: str) -> None:
        """End the turn now, wherever it is; the first reason counts."""
        if not self.reason:
            self.reason = reason
            if self._timeout is not None:
                self._timeout.reschedule(asyncio.get_running_loop().time())

    def forget(self, reason: str) -> bool:
        """Take a reason back that turned out to concern one attempt only; False when it was another one."""
        if self.reason != reason:
            return False
        self.reason = ""
        return True

    @contextlib.asynccontextmanager
    async def abortable(self) -> AsyncIterator[None]:
        """Let `abort` cut in while something else is waited for. What goes to the database is never torn.

        Raises:
            TimeoutError: the turn is to end.
        """
        if self.reason:
            raise TimeoutError
        async with asyncio.timeout(None) as self._timeout:
            try:
                yield
            finally:
                self._timeout = None
