"""The API calls of one turn: attempts and retries on one connection, then on the next that has the same model."""

import itertools
from collections.abc import Callable
from typing import Any

import structlog

from chat import metrics
from chat.claude.failures import retries
from chat.claude.failures.failure import MAY_FAIL_OVER, Failure
from chat.claude.request import mcp_connector
from chat.engine.database import in_database
from chat.engine.turn.attempt import Attempt, AttemptFailed, ShownAttempt
from chat.engine.turn.cancellation import AbortReason
from chat.engine.turn.sender import Sender
from chat.engine.turn.summary import write_summary
from chat.events import payloads
from chat.models import ApiCall, LanguageModel
from chat.models.ids import ModelId
from chat.operations.billing.ledger import Settlement
from chat.operations.billing.paid_call import PaidCall
from chat.operations.request import build
from chat.operations.request.adaptation import RequestAdapter
from chat.operations.turns import failover, open_call, summaries, switch
from chat.providers.clients import ConnectionUnusable
from chat.tools.connector import reachable_servers

log = structlog.get_logger(__name__)

# The rest of a broken answer is held back for so long. A connection that breaks often does so again at once.
HELD_AFTER_BREAK_SECONDS = 0.5


class Caller:
    """Makes the calls of one turn, and the summary before them.

    `attempt` is the last attempt until its message is kept. Its ledger row stays open, so that one transaction can
    settle it together with the message. The class is long because retries, failover, fallback and summaries all
    change which call comes next.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender, self._running = sender, sender.running
        self._number = 0
        self._tried: set[ModelId] = set()
        self._takes_over = self._running.takes_over
        self._kept_any = self._running.resumed
        self._paid: PaidCall | None = None
        self._held_seconds = 0.0
        self.attempt: ShownAttempt | None = None

    @property
    def shown(self) -> bool:
        """Whether viewers have seen any answer of this turn."""
        return self._kept_any or self._attempt_shown

    @property
    def _attempt_shown(self) -> bool:
        return self.attempt is not None and self.attempt.shown

    def check_silence(self) -> None:
        """End the running attempt if its stream has brought nothing but pings for too long."""
        self._sender.check_silence()

    async def summarise(self) -> None:
        """Have the summary written that this turn's request begins with, if one is due.

        Raises: see `call`.
        """
        if not self._running.may_await_summary:
            return
        numbers = itertools.count(1)
        while (job := await in_database(summaries.summary_job, self._running)) is not None:
            self._sender.cutter.event(payloads.notice("summarising"))
            try:
                return await write_summary(self._sender, job, numbers, self._next_connection)
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
                    if self.attempt is not None:
                        self.attempt.show_held()
                    raise

    async def switch(self, model: LanguageModel, notice: payloads.Event) -> None:
        """Make the next attempts with another model or connection; the notice is kept with the turn.

        Raises:
            TimeoutError: the lease is lost.
        """
        told = {key: value for key, value in notice.items() if key != "type"}
        await self._under_lease(switch.switch_model, self._running, model, told)
        self._sender.cutter.event(notice)

    def open_row(self, status: str, *, code: str = "") -> tuple[int, Settlement] | None:
        """Return the id of the last attempt's row and its settlement, to be written with the message; None if no row
        is open.
        """
        attempt, paid = self.attempt, self._paid
        if attempt is None or paid is None or paid.call_id is None:
            return None
        settlement = paid.settlement(
            attempt.outcome(), status, code=code, expected_cache=self._running.expected_cache
        )
        return paid.call_id, settlement

    def message_kept(self, *, broken: bool = False) -> None:
        """Forget the last attempt: its message is written and its row settled.

        After a `broken` message the attempts for its rest are held back for a moment.
        """
        self.attempt = self._paid = None
        self._kept_any = True
        self._held_seconds = HELD_AFTER_BREAK_SECONDS if broken else 0.0

    async def _fails_over(self, error: AttemptFailed | ConnectionUnusable) -> bool:
        """Switch to the next connection after a failure that it may not have; return False if there is none."""
        cause = error.failure if isinstance(error, AttemptFailed) else None
        other = await self._next_connection() if cause is None or cause.kind in MAY_FAIL_OVER else None
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

        A refusal that names what to change is followed by the changed request, and a connection that ends at once
        by the same request on a new one.
        """
        request, adapter = await self._request(), RequestAdapter(self._running)
        tries, resent = 0, False
        while True:
            tries += 1
            self._number += 1
            try:
                attempt = await self._try(request)
                if adapter.dropped_breakpoints:
                    await in_database(adapter.remember)
                return attempt
            except AttemptFailed as error:
                cause = error.failure
                self._note_failure(cause)
                changed = None if self._attempt_shown else await in_database(adapter.adapt, request, cause)
                if changed is not None:
                    await self._settle_failed(cause)
                    request, tries = changed, tries - 1
                    continue
                if retries.may_resend(cause, error.seconds) and not resent:
                    await self._settle_failed(cause)
                    resent, tries = True, tries - 1
                    continue
                again = not self._attempt_shown
                if not again or not await self._sender.may_retry(error, tries, self._next_connection):
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
            reached = await reachable_servers(names, running.turn.author_id, connection=running.connection)
        if reached.missing:
            await self._under_lease(switch.drop_servers, running, reached.missing)
            request = await in_database(build.request_for, running)
        return mcp_connector.with_servers(request, reached.servers)

    async def _try(self, request: dict[str, Any]) -> Attempt:
        running, cutter = self._running, self._sender.cutter
        attempt = self.attempt = ShownAttempt(running, cutter, held_seconds=self._held_seconds)
        self._paid = await in_database(
            open_call.open_call, running, request, call=running.calls, attempt=self._number
        )
        if self._paid.warned and running.calls == self._number == 1:
            cutter.event(payloads.notice(payloads.BUDGET_NOTICE))
        await self._sender.send(self._paid, attempt)
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
        paid, row = self._paid, self.open_row(ApiCall.Status.FAILED, code=cause.kind)
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
