"""Having a summary written before a turn is answered: a call that viewers see as a notice only.

From then on it stands for all that came before, so half of one, or a refusal, is no summary. Nothing of it is kept, and
the call's bill stays as it was settled.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from django.utils import timezone

from chat.claude.block_builder import ProtocolError
from chat.claude.blocks import plain_text
from chat.claude.failures import Failure, FailureKind, failure
from chat.claude.stream import Fold, StreamError
from chat.engine.attempt import AttemptFailed
from chat.engine.database import in_database
from chat.models import ApiCall
from chat.operations.billing import ledger
from chat.operations.billing.ledger import Settlement
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import summaries
from chat.operations.turns.summaries import SummaryJob
from chat.providers.clients import ClientPool
from chat.providers.upstream import UpstreamError, open_stream

# Why an answer that came whole is no summary; any other reason to stop is nothing that was asked for.
_SHORT_OF = {
    "end_turn": FailureKind.TRUNCATED,  # without a word
    "max_tokens": FailureKind.TRUNCATED,
    "model_context_window_exceeded": FailureKind.CONTEXT_FULL,
    "refusal": FailureKind.REFUSED,
}


@dataclasses.dataclass(slots=True)
class _Reading:
    """One attempt: what arrived, and how the call is settled."""

    fold: Fold = dataclasses.field(default_factory=Fold)
    request_id: str = ""
    http_status: int | None = None
    first_byte_at: Any = None
    sent: bool = False
    reached: bool = True

    def settlement(self, running: RunningTurn, status: str, *, whole: bool, code: str = "") -> Settlement:
        refused = (self.http_status or 200) >= 400
        return Settlement(
            status=status,
            bill=ledger.free_bill()
            if refused
            else ledger.bill_for_message(running.prices, self.fold.message, whole=whole, text=self.text()),
            upstream_request_id=self.request_id,
            http_status=self.http_status,
            error_code=code,
            stop_reason=self.fold.stop_reason or "",
            first_byte_at=self.first_byte_at,
            told=self.fold.message,
        )

    async def read(
        self, clients: ClientPool, running: RunningTurn, request: dict[str, Any]
    ) -> Failure | None:
        """Read the whole answer; returns why there is none."""
        try:
            async with clients.lease(running.connection) as client:
                self.sent = True
                async with open_stream(client, request) as stream:
                    self.request_id, self.http_status = stream.request_id, stream.status
                    async for event in stream.events():
                        self.first_byte_at = self.first_byte_at or timezone.now()
                        self.fold.apply(event)
        except UpstreamError as error:
            self.reached = error.reached
            self.request_id = self.request_id or error.failure.request_id or ""
            self.http_status = self.http_status or error.failure.status
            return error.failure
        except StreamError as error:
            return error.failure
        except ProtocolError as error:
            return failure(FailureKind.PROTOCOL, str(error))
        return None if self.fold.ended else failure(FailureKind.TRUNCATED, "the summary broke off")

    def shortcoming(self) -> Failure | None:
        """Say why an answer that came whole is no summary. Asked again, the model would most likely do the same."""
        reason = self.fold.stop_reason or ""
        if reason == "end_turn" and self.text().strip():
            return None
        short = failure(_SHORT_OF.get(reason, FailureKind.PROTOCOL), f"the summary ended with {reason}")
        return dataclasses.replace(short, retryable=False)

    def text(self) -> str:
        return plain_text(self.fold.message.get("content") or [])


async def write_summary(
    running: RunningTurn,
    job: SummaryJob,
    *,
    owner: str,
    clients: ClientPool,
    abortable: Callable[[], AbstractAsyncContextManager[None]],
    wait: Callable[[Failure, int], Awaitable[None]],
    numbers: Iterator[int],
) -> None:
    """Have the summary written and keep it; failures that may pass are tried again.

    `numbers` count the attempts of the turn, over all connections.

    Raises:
        AttemptFailed: there is no summary.
        TimeoutError: the turn is to end.
        ConnectionUnusable: the connection can't be used.
    """
    tries = 0
    while True:
        tries += 1
        reading = _Reading()
        call = await in_database(summaries.open_summary_call, running, job, next(numbers))
        status, cause = ApiCall.Status.CUT, None
        try:
            async with abortable():
                cause = await reading.read(clients, running, job.request)
            status = ApiCall.Status.FAILED if cause else ApiCall.Status.SUCCEEDED
        finally:
            await _settle(running, call, reading, status, cause)
        cause = cause or reading.shortcoming()
        if cause is None:
            await in_database(summaries.keep_summary, running, owner, job, reading.text())
            return
        if not cause.retryable or tries > running.connection.max_retries:
            raise AttemptFailed(cause, reached=reading.reached)
        await wait(cause, tries)


async def _settle(
    running: RunningTurn, call: int, reading: _Reading, status: str, cause: Failure | None
) -> None:
    if not reading.sent or not reading.reached:
        await in_database(ledger.discard_call, call)
        return
    whole = status == ApiCall.Status.SUCCEEDED
    settlement = reading.settlement(running, status, whole=whole, code=cause.kind if cause else "")
    await in_database(ledger.settle_call, call, settlement)
