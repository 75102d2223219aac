"""The asynchronous side of a turn's paid calls: sending one attempt, and waiting before the next."""

import asyncio
import dataclasses
import random
from collections.abc import Awaitable, Callable

from chat.claude.failures import retries
from chat.claude.failures.failure import Failure, FailureKind, failure
from chat.engine.database import in_database
from chat.engine.turn.attempt import Attempt, AttemptFailed, FellSilent
from chat.engine.turn.cancellation import AbortReason, Cancellation
from chat.engine.turn.coalescer import Coalescer
from chat.events import payloads
from chat.operations.billing.paid_call import PaidCall
from chat.operations.running_turn import RunningTurn
from chat.providers.clients import ClientPool

# Failures of the connection rather than of the request. One retry tells a hiccup from an outage; after that another
# connection is better than the same one.
OUTAGE = frozenset(
    {
        FailureKind.CONNECTION,
        FailureKind.PROXY,
        FailureKind.UNAVAILABLE,
        FailureKind.OVERLOADED,
        FailureKind.TIMEOUT,
    }
)
TRIES_IN_AN_OUTAGE = 2


@dataclasses.dataclass(slots=True)
class Sender:
    """What the calls of one turn are sent with: clients, the turn's cancellation, and the way to its viewers.

    `reading` is the attempt that is being read.
    """

    running: RunningTurn
    clients: ClientPool
    cutter: Coalescer
    scope: Cancellation
    reading: Attempt | None = None

    async def send(self, paid: PaidCall, attempt: Attempt) -> None:
        """Send an open call and read its stream; discard its row if the request never reached the upstream.

        A call that reached the upstream stays open: the caller settles it together with what it keeps of the answer.

        Raises:
            AttemptFailed: no whole message arrived; `FellSilent` if nothing came in time.
            ConnectionUnusable: nothing was sent.
            TimeoutError: the turn is to end.
        """
        self.reading = attempt
        try:
            async with self.scope.abortable(), self.clients.lease(self.running.connection) as client:
                await attempt.read(client, paid.request)
        except TimeoutError:
            # Silence ends this attempt only.
            if not self.scope.forget(AbortReason.IDLE):
                raise
            raise FellSilent(failure(FailureKind.TIMEOUT, "no content in time")) from None
        except AttemptFailed as error:
            if attempt.reached and retries.is_silence(error.failure):
                raise FellSilent(error.failure) from error
            raise
        finally:
            self.reading = None
            self.scope.forget(AbortReason.IDLE)
            if not attempt.reached:
                await in_database(paid.discard)

    def check_silence(self) -> None:
        """Abort the attempt if its stream has brought nothing but pings for too long."""
        limit = self.running.connection.content_idle_seconds
        if self.reading is not None and self.reading.silent_seconds > limit:
            self.scope.abort(AbortReason.IDLE)

    async def may_retry(
        self, error: AttemptFailed, tries: int, elsewhere: Callable[[], Awaitable[object]]
    ) -> bool:
        """Return whether to send the call again over this connection, after it failed `tries` times.

        There are fewer retries in an outage if `elsewhere` returns another connection that could answer.
        """
        cause = error.failure
        most = self.running.connection.max_retries
        if isinstance(error, FellSilent) or not retries.may_repeat(cause, tries, max_retries=most):
            return False
        return tries < TRIES_IN_AN_OUTAGE or cause.kind not in OUTAGE or not await elsewhere()

    async def wait(self, cause: Failure, tries: int) -> None:
        """Wait before the next attempt, as long as the upstream asks but not beyond the connection's limit.

        Raises:
            TimeoutError: the turn is to end.
        """
        limit = self.running.connection.retry_after_limit_seconds
        jitter = random.uniform(retries.LEAST_JITTER, retries.MOST_JITTER)  # noqa: S311
        seconds = retries.wait_seconds(cause, tries, longest_asked=limit, jitter=jitter)
        self.cutter.event(payloads.notice("retrying", seconds=seconds))
        async with self.scope.abortable():
            await asyncio.sleep(seconds)
