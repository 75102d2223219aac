"""The one way to end a turn from outside: Stop, silence, a time limit, shutdown or a lost lease."""

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator


class AbortReason(enum.Enum):
    """Why a turn is ended from outside."""

    STOP = enum.auto()
    IDLE = enum.auto()
    TOO_LONG = enum.auto()
    SHUTDOWN = enum.auto()
    LOST = enum.auto()


class Cancellation:
    """`abort` may be called at any time; it takes effect only while the turn waits under `abortable`.

    Database calls are not under `abortable`, so that no write is torn.
    """

    def __init__(self) -> None:
        self._timeout: asyncio.Timeout | None = None
        self.reason: AbortReason | None = None

    def abort(self, reason: AbortReason) -> None:
        """End the turn now, or as soon as it waits under `abortable`; the first reason counts."""
        if self.reason is None:
            self.reason = reason
            if self._timeout is not None:
                self._timeout.reschedule(asyncio.get_running_loop().time())

    def forget(self, reason: AbortReason) -> bool:
        """Withdraw a reason that concerned one attempt only; return False if the turn ends for another one."""
        if self.reason is not reason:
            return False
        self.reason = None
        return True

    @contextlib.asynccontextmanager
    async def abortable(self) -> AsyncIterator[None]:
        """Let `abort` cut off what is waited for in this block.

        Raises:
            TimeoutError: the turn is to end.
        """
        if self.reason is not None:
            raise TimeoutError
        async with asyncio.timeout(None) as self._timeout:
            try:
                yield
            finally:
                self._timeout = None
