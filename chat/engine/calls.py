"""One API call of a turn, with its attempts: retries on one connection, then the next that has the same model."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import structlog

from chat import metrics
from chat.claude import mcp_connector
from chat.claude.failures import RETRYABLE, Failure, FailureKind, failure
from chat.engine.attempt import Attempt, AttemptFailed
from chat.engine.cancellation import IDLE, LOST, Cancellation
from chat.engine.coalescer import Coalescer
from chat.engine.database import in_database
from chat.events import payloads
from chat.models import ApiCall, LanguageModel
from chat.operations.billing import ledger
from chat.operations.billing.ledger import Settlement
from chat.operations.request import build
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import failover, open_call, switch
from chat.providers.clients import ClientPool, ConnectionUnusable
from chat.tools.connector import reachable_servers

log = structlog.get_logger(__name__)

BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 8.0
# One more try tells a hiccup from an outage; after it, another connection is better than the same one.
OUTAGE = frozenset(
    {FailureKind.CONNECTION, FailureKind.UNAVAILABLE, FailureKind.OVERLOADED, FailureKind.TIMEOUT}
)
TRIES_IN_AN_OUTAGE = 2


class Caller:
    """Makes the calls of one turn. `attempt` is the last one, until its message is kept; `call_id` its open row."""

    def __init__(
        self, running: RunningTurn, owner: str, clients: ClientPool, cutter: Coalescer, scope: Cancellation
    ) -> None:
        self._running, self._owner, self._clients = running, owner, clients
        self._cutter, self._scope = cutter, scope
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._number = 0
        self._tried: set[Any] = set()
        self._takes_over = running.takes_over
        self._reading = False
        self.attempt: Attempt | None = None
        self.call_id: int | None = None

    def check_silence(self) -> None:
        """Abort when the stream brings nothing but pings for too long."""
        limit = self._running.connection.content_idle_seconds
        if self._reading and self.attempt and self._clock() - self.attempt.last_content > limit:
            self._scope.abort(IDLE)

    async def call(self) -> Attempt:
        """Try one call until it succeeds, has shown something, or nobody is left to be asked.

        Raises:
            AttemptFailed: the last failure; its row is not settled yet if the request arrived.
            ConnectionUnusable: nothing was sent.
            TimeoutError: the turn is to end.
        """
        self._number, self._tried = 0, set()
        if self._takes_over:
            await self._hold_on(switch.adopt_loop, self._running, self._owner)
            self._takes_over = False
        while True:
            try:
                return await self._on_connection()
            except (AttemptFailed, ConnectionUnusable) as error:
                shown = self.attempt is not None and self.attempt.shown
                if shown or not await self.moves_on(error):
                    raise

    async def moves_on(self, error: AttemptFailed | ConnectionUnusable) -> bool:
        """Go on with the next connection after a failure that another one may not have; False when there is none.

        Raises:
            TimeoutError: the lease is lost.
        """
        cause = error.failure if isinstance(error, AttemptFailed) else None
        other = await self._elsewhere() if cause is None or cause.kind in RETRYABLE else None
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
        """Try the call over the current connection: as often as staff allow, less often when another could answer."""
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
                if not error.reached:
                    await self._discard()
                shown = self.attempt is not None and self.attempt.shown
                idle = isinstance(error, FellSilent)
                if shown or idle or not cause.retryable or tries > self._running.connection.max_retries:
                    raise
                if tries >= TRIES_IN_AN_OUTAGE and cause.kind in OUTAGE and await self._elsewhere():
                    raise
                await self._settle_failed(cause)
                await self.wait(cause, tries)

    async def _request(self) -> dict[str, Any]:
        """Build the request of the next call, with the servers of its toolsets.

        Their tokens are this person's and in this request only. A server that can't be named any more takes its
        toolset along.
        """
        running = self._running
        request = await in_database(build.request_for, running)
        names = mcp_connector.servers_of(request)
        if not names:
            return request
        async with self._scope.abortable():
            reached = await reachable_servers(names, running.turn.author_id)
        if reached.missing:
            await self._hold_on(switch.drop_servers, running, self._owner, reached.missing)
            request = await in_database(build.request_for, running)
        return mcp_connector.with_servers(request, reached.servers)

    async def _try(self, request: dict[str, Any]) -> Attempt:
        running = self._running
        attempt = self.attempt = Attempt(running, self._cutter)
        opened = await in_database(
            open_call.open_call, running, request, call=running.calls, attempt=self._number
        )
        self.call_id = opened.call_id
        if opened.warned and running.calls == self._number == 1:
            self._cutter.event(payloads.notice("budget_soft"))
        try:
            async with self._scope.abortable(), self._clients.lease(running.connection) as client:
                self._reading = True
                await attempt.read(client, opened.request, self._clock)
        except ConnectionUnusable:
            await self._discard()
            raise
        except TimeoutError:
            if not attempt.sent:
                await self._discard()
            if not attempt.shown and self._scope.forget(IDLE):
                raise FellSilent(failure(FailureKind.TIMEOUT, "no content in time")) from None
            raise
        finally:
            self._reading = False
        metrics.UPSTREAM_ATTEMPTS.labels("succeeded").inc()
        return attempt

    async def wait(self, cause: Failure, tries: int) -> None:
        """Wait before the next attempt, as long as the upstream asks but not beyond the connection's cap."""
        backoff = min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (tries - 1)) * random.uniform(0.75, 1)  # noqa: S311
        asked = cause.retry_after_seconds
        seconds = backoff if asked is None else min(asked, self._running.connection.retry_after_limit_seconds)
        self._cutter.event(payloads.notice("retrying", seconds=seconds))
        async with self._scope.abortable():
            await asyncio.sleep(seconds)

    async def _elsewhere(self) -> LanguageModel | None:
        self._tried.add(self._running.model.id)
        return await in_database(failover.same_model_elsewhere, self._running.turn, self._tried)

    async def switch(self, model: LanguageModel, notice: payloads.Event) -> None:
        """Make the next attempts with another model or connection, and say so for good.

        Raises:
            TimeoutError: the lease is lost.
        """
        told = {key: value for key, value in notice.items() if key != "type"}
        await self._hold_on(switch.switch_model, self._running, self._owner, model, told)
        self._cutter.event(notice)

    async def _hold_on(self, write: Callable[..., bool], *arguments: Any) -> None:
        if not await in_database(write, *arguments):
            self._scope.abort(LOST)
            raise TimeoutError

    def settlement(self, status: str, *, whole: bool, code: str = "") -> Settlement:
        """Price the last attempt, as far as it came."""
        attempt = self.attempt
        if attempt is None:
            return Settlement(status=status, bill=ledger.free_bill(), error_code=code)
        refused_before_work = (attempt.http_status or 200) >= 400
        if refused_before_work:
            bill, status = ledger.free_bill(), ApiCall.Status.FAILED
        else:
            bill = ledger.bill_for_message(
                self._running.prices, attempt.fold.message, whole=whole, text=attempt.received_text()
            )
        return Settlement(
            status=status,
            bill=bill,
            upstream_request_id=attempt.request_id,
            http_status=attempt.http_status,
            error_code=code,
            stop_reason=attempt.fold.stop_reason or "",
            first_byte_at=attempt.first_byte_at,
            told=attempt.fold.message,
            foreseen=self._running.foreseen,
        )

    def take_call_id(self) -> int | None:
        """Hand over the open row, to be settled by whoever asks."""
        call_id, self.call_id = self.call_id, None
        return call_id

    async def _settle_failed(self, cause: Failure) -> None:
        settlement = self.settlement(ApiCall.Status.FAILED, whole=False, code=cause.kind)
        call_id = self.take_call_id()
        if call_id is not None:
            await in_database(ledger.settle_call, call_id, settlement)

    async def _discard(self) -> None:
        call_id = self.take_call_id()
        if call_id is not None:
            await in_database(ledger.discard_call, call_id)

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
    """Nothing but silence or pings for as long as the connection allows: another try there would only wait again."""
