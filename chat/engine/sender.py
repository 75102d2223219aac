"""The asynchronous side of a turn's paid calls: sending one attempt, and waiting before the next."""

import asyncio
import dataclasses
import random

from chat.claude.failures import Failure
from chat.engine.attempt import Attempt
from chat.engine.cancellation import Cancellation
from chat.engine.coalescer import Coalescer
from chat.engine.database import in_database
from chat.events import payloads
from chat.operations.billing.paid_call import PaidCall
from chat.operations.running_turn import RunningTurn
from chat.providers.clients import ClientPool

BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 8.0


@dataclasses.dataclass(frozen=True, slots=True)
class Sender:
    """What the calls of one turn are sent with: clients, the turn's cancellation, and the way to its viewers."""

    running: RunningTurn
    clients: ClientPool
    cutter: Coalescer
    scope: Cancellation

    async def send(self, paid: PaidCall, attempt: Attempt) -> None:
        """Send an open call and read its stream; discard its row if the request never reached the upstream.

        A call that reached the upstream stays open: the caller settles it together with what it keeps of the answer.

        Raises:
            AttemptFailed: no whole message arrived.
            ConnectionUnusable: nothing was sent.
            TimeoutError: the turn is to end.
        """
        try:
            async with self.scope.abortable(), self.clients.lease(self.running.connection) as client:
                await attempt.read(client, paid.request)
        finally:
            if not attempt.reached:
                await in_database(paid.discard)

    async def wait(self, cause: Failure, tries: int) -> None:
        """Wait before the next attempt, as long as the upstream asks but not beyond the connection's limit.

        Raises:
            TimeoutError: the turn is to end.
        """
        backoff = min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (tries - 1)) * random.uniform(0.75, 1)  # noqa: S311
        asked = cause.retry_after_seconds
        limit = self.running.connection.retry_after_limit_seconds
        seconds = backoff if asked is None else min(asked, limit)
        self.cutter.event(payloads.notice("retrying", seconds=seconds))
        async with self.scope.abortable():
            await asyncio.sleep(seconds)
