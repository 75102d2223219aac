"""The API calls of one turn: attempts and retries on one connection, then on the next that has the same model."""

import itertools
from collections.abc import Callable
from typing import Any

import structlog

from chat import metrics
from chat.claude import mcp_connector
from chat.claude.failures import RETRYABLE, Failure, FailureKind, failure
from chat.engine.attempt import Attempt, AttemptFailed, ShownAttempt
from chat.engine.cancellation import AbortReason
from chat.engine.database import in_database
from chat.engine.sender import Sender
from chat.engine.summary import write_summary
from chat.events import payloads
from chat.models import ApiCall, LanguageModel
from chat.models.ids import ModelId
from chat.operations.billing.ledger import Settlement
from chat.operations.billing.paid_call import PaidCall
from chat.operations.request import build
from chat.operations.turns import failover, open_call, summaries, switch
from chat.providers.clients import ConnectionUnusable
from chat.tools.connector import reachable_servers

log = structlog.get_logger(__name__)

# Failures of the connection rather than of the request. One retry tells a hiccup from an outage; after that another
# connection is better than the same one.
OUTAGE = frozenset(
    {FailureKind.CONNECTION, FailureKind.UNAVAILABLE, FailureKind.OVERLOADED, FailureKind.TIMEOUT}
)
TRIES_IN_AN_OUTAGE = 2


class Caller:
    """Makes the calls of one turn, and the summary before them.

    `attempt` is the last attempt until its message is kept. Its ledger row stays open, so that one transaction can
    settle it together with the message.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender, self._running = sender, sender.running
        self._number = 0
        self._tried: set[ModelId] = set()
        self._takes_over = self._running.takes_over
        self._kept_any = self._running.resumed
        self._paid: PaidCall | None = None
        self.attempt: Attempt | None = None

    @property
    def shown(self) -> bool:
        """Whether viewers have seen any answer of this turn."""
        return self._kept_any or self._attempt_shown

    @property
    def _attempt_shown(self) -> bool:
        return self.attempt is not None and self.attempt.shown

    def check_silence(self) -> None:
        """Abort if the stream has brought nothing but pings for too long."""
        limit = self._running.connection.content_idle_seconds
        if self.attempt is not None and self.attempt.silent_seconds > limit:
            self._sender.scope.abort(AbortReason.IDLE)

    async def summarise(self) -> None:
        """Have the summary written that this turn's request begins with, if one is due.

        Raises: see `call`.
        """
        numbers = itertools.count(1)
        while (job := await in_database(summaries.summary_job, self._running)) is not None:
            self._sender.cutter.event(payloads.notice("summarising"))
            try:
                return await write_summary(self._sender, job, numbers)
            except (AttemptFailed, ConnectionUnusable) as error:
                if not await self._fails_over(error):
                    raise

    async def call(self) -> Attempt:
        """Make one call: retry until it succeeds, has shown something, or no other connection is left.

        Raises:
            AttemptFailed: the last failure; its row is not settled yet if the request arrived.
            ConnectionUnusable: nothing was sent.
            OperationError: a budget has too little left.
            TimeoutError: the turn is to end.
        """
        self._number, self._tried = 0, set()
        if self._takes_over:
            await self._under_lease(switch.adopt_loop, self._running)
            self._takes_over = False
        while True:
            try:
                return await self._on_connection()
            except (AttemptFailed, ConnectionUnusable) as error:
                if self._attempt_shown or not await self._fails_over(error):
                    raise

    async def switch(self, model: LanguageModel, notice: payloads.Event) -> None:
        """Make the next attempts with another model or connection; the notice is kept with the turn.

        Raises:
            TimeoutError: the lease is lost.
        """
        told = {key: value for key, value in notice.items() if key != "type"}
        await self._under_lease(switch.switch_model, self._running, model, told)
        self._sender.cutter.event(notice)

    def open_row(self, status: str, *, whole: bool, code: str = "") -> tuple[int, Settlement] | None:
        """Return the id of the last attempt's row and its settlement, to be written with the message; None if no row
        is open.
        """
        attempt, paid = self.attempt, self._paid
        if attempt is None or paid is None or paid.call_id is None:
            return None
        outcome, foreseen = attempt.outcome(whole=whole), self._running.foreseen
        return paid.call_id, paid.settlement(outcome, status, code=code, foreseen=foreseen)

    def message_kept(self) -> None:
        """Forget the last attempt: its message is written and its row settled."""
        self.attempt = self._paid = None
        self._kept_any = True

    async def _fails_over(self, error: AttemptFailed | ConnectionUnusable) -> bool:
        """Switch to the next connection after a failure that it may not have; return False if there is none."""
        cause = error.failure if isinstance(error, AttemptFailed) else None
        other = await self._next_connection() if cause is None or cause.kind in RETRYABLE else None
        if other is None:
            return False
        if cause is not None:
            await self._settle_failed(cause)
        before = self._running.connection.name
        reason = str(cause.kind) if cause is not None else "connection_unusable"
        names = {"from": before, "to": other.connection.name, "reason": reason}
        log.warning("failed_over", **names)
        await self.switch(other, payloads.notice("failover", about=names))
        return True

    async def _on_connection(self) -> Attempt:
        """Make the call over the current connection, with the retries that staff allow.

        There are fewer retries in an outage if another connection could answer.
        """
        request = await self._request()
        tries = 0
        while True:
            tries += 1
            self._number += 1
            try:
                return await self._try(request)
            except AttemptFailed as error:
                cause = error.failure
                self._note_failure(cause)
                silent = isinstance(error, FellSilent)
                last = tries > self._running.connection.max_retries
                if self._attempt_shown or silent or last or not cause.retryable:
                    raise
                if tries >= TRIES_IN_AN_OUTAGE and cause.kind in OUTAGE and await self._next_connection():
                    raise
                await self._settle_failed(cause)
                await self._sender.wait(cause, tries)

    async def _request(self) -> dict[str, Any]:
        """Build the request of the next call, with the servers of its toolsets.

        Their tokens belong to this person and are in the request only, never in the frame. A server that can't be
        named any more is left out together with its toolset.
        """
        running = self._running
        request = await in_database(build.request_for, running)
        names = mcp_connector.servers_of(request)
        if not names:
            return request
        async with self._sender.scope.abortable():
            reached = await reachable_servers(names, running.turn.author_id)
        if reached.missing:
            await self._under_lease(switch.drop_servers, running, reached.missing)
            request = await in_database(build.request_for, running)
        return mcp_connector.with_servers(request, reached.servers)

    async def _try(self, request: dict[str, Any]) -> Attempt:
        running, cutter, scope = self._running, self._sender.cutter, self._sender.scope
        attempt = self.attempt = ShownAttempt(running, cutter)
        self._paid = await in_database(
            open_call.open_call, running, request, call=running.calls, attempt=self._number
        )
        if self._paid.warned and running.calls == self._number == 1:
            cutter.event(payloads.notice("budget_soft"))
        try:
            await self._sender.send(self._paid, attempt)
        except TimeoutError:
            # Silence before anything is shown ends this attempt only: another connection may answer.
            if not attempt.shown and scope.forget(AbortReason.IDLE):
                raise FellSilent(failure(FailureKind.TIMEOUT, "no content in time")) from None
            raise
        metrics.UPSTREAM_ATTEMPTS.labels("succeeded").inc()
        return attempt

    async def _next_connection(self) -> LanguageModel | None:
        self._tried.add(self._running.model.id)
        return await in_database(failover.same_model_elsewhere, self._running.turn, self._tried)

    async def _under_lease(self, write: Callable[..., bool], *arguments: Any) -> None:
        if not await in_database(write, *arguments):
            self._sender.scope.abort(AbortReason.LOST)
            raise TimeoutError

    async def _settle_failed(self, cause: Failure) -> None:
        paid, row = self._paid, self.open_row(ApiCall.Status.FAILED, whole=False, code=cause.kind)
        if paid is not None and row is not None:
            await in_database(paid.settle, row[1])

    def _note_failure(self, cause: Failure) -> None:
        metrics.UPSTREAM_ATTEMPTS.labels(cause.kind).inc()
        log.warning(
            "upstream_failed",
            kind=str(cause.kind),
            attempt=self._number,
            status=cause.status,
            request=cause.request_id,
            connection=self._running.connection.name,
        )


class FellSilent(AttemptFailed):
    """The stream brought nothing but pings for as long as the connection allows; a retry would only wait again."""
