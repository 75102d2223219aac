"""Runs one turn from its claim to its end: calls, retries, stops, limits, and the one transaction that ends it."""

import asyncio
import contextlib
import dataclasses
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import translation

from chat import events, metrics, wording
from chat.claude.failures import Failure, FailureKind
from chat.claude.request import RequestError
from chat.claude.schema import as_text
from chat.engine.attempt import Attempt, AttemptFailed
from chat.engine.cutter import Cutter, Pace
from chat.engine.database import in_database
from chat.engine.hub import Hub, refresh
from chat.engine.summary import write_summary
from chat.engine.turn_log import TurnLog
from chat.engine.writer import Writer
from chat.events import Event
from chat.models import ApiCall, Message, Turn
from chat.operations import ledger, running, structured, summaries
from chat.operations.events_log import Batch
from chat.operations.ledger import Bill, Settlement
from chat.operations.running import Answer, End, Work
from chat.providers.clients import ClientPool, ConnectionUnusable

log = structlog.get_logger(__name__)

MAX_CALLS = 20
BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 8.0
END_TRIES = 20  # a minute and a half

# Why a running turn is ended from outside, and the status and error code that follow.
STOP, IDLE, TOO_LONG, SHUTDOWN, LOST = "stop", "idle", "too_long", "shutdown", "lost"


@dataclasses.dataclass(frozen=True, slots=True)
class Shared:
    """What all turns of an engine share."""

    owner: str
    hub: Hub
    writer: Writer
    clients: ClientPool
    pace: Pace


class Runner:
    """One turn in this process. `abort` may be called at any time; `tick` once a second."""

    def __init__(self, work: Work, shared: Shared) -> None:
        self.work, self._owner = work, shared.owner
        self._hub, self._writer, self._clients = shared.hub, shared.writer, shared.clients
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._began = self._clock()
        self._log = TurnLog(
            work.turn.id, work.turn.conversation_id, created_at=work.turn.created_at, fence=work.fence
        )
        self._cutter = Cutter(self._emit, shared.pace)
        self._scope: asyncio.Timeout | None = None
        self._attempt: Attempt | None = None
        self._call_id: int | None = None
        self._reading = self._shown_before = False
        self.abort_reason = ""

    def abort(self, reason: str) -> None:
        """End the turn now, wherever it is: between calls, waiting for a retry, or reading."""
        if not self.abort_reason:
            self.abort_reason = reason
            if self._scope is not None:
                self._scope.reschedule(self._clock())

    def tick(self) -> None:
        """Check the limits of time."""
        now = self._clock()
        if now - self._began > self.work.connection.turn_limit_seconds:
            self.abort(TOO_LONG)
        elif (
            self._reading
            and self._attempt is not None
            and now - self._attempt.last_content > self.work.connection.content_idle_seconds
        ):
            self.abort(IDLE)

    async def run(self) -> None:
        """Run the turn to its end. Never raises, save for cancellation."""
        turn = self.work.turn
        structlog.contextvars.bind_contextvars(turn=str(turn.id), conversation=str(turn.conversation_id))
        self._hub.add(self._log)
        self._writer.take(self._log)
        metrics.TURNS_STARTED.inc()
        metrics.TURNS_ACTIVE.inc()
        self._emit(
            events.turn_started(model=self.work.model.model_id, assistant_message=str(self.work.message.id))
        )
        try:
            await self._end(await self._shaped(await self._within_limits()))
        except Exception:
            log.exception("turn_crashed")
            await self._end(End(Turn.Status.FAILED, error_code="internal"))
        finally:
            self._hub.close(self._log)
            metrics.TURNS_ACTIVE.dec()

    async def _within_limits(self) -> End:
        try:
            return await self._answer()
        except TimeoutError:
            if not self.abort_reason:
                raise
        except AttemptFailed as error:
            return self._failed(error.failure)
        except RequestError as error:
            return End(Turn.Status.FAILED, error_code=FailureKind.INVALID_REQUEST, detail=str(error))
        except ConnectionUnusable as error:
            return End(Turn.Status.FAILED, error_code="connection_unusable", detail=str(error))
        return self._aborted()

    async def _shaped(self, end: End) -> End:
        """Check an answer that has to have a shape; off the loop, for checking may take long."""
        schema, attempt = self.work.turn.output_schema, self._attempt
        if schema is None or attempt is None or end.status != Turn.Status.COMPLETED:
            return end
        content = attempt.fold.message["content"]
        fault = await asyncio.to_thread(structured.fault_of, schema, content, end.stop_reason)
        if fault is not None:
            return End(Turn.Status.FAILED, end.stop_reason, fault.code, fault.detail)
        return dataclasses.replace(end, stop_reason="end_turn")

    @contextlib.asynccontextmanager
    async def _abortable(self) -> AsyncIterator[None]:
        """Let `abort` cut in while the upstream is waited for. What goes to the database is never torn.

        Raises:
            TimeoutError: the turn is to end.
        """
        if self.abort_reason:
            raise TimeoutError
        async with asyncio.timeout(None) as self._scope:
            try:
                yield
            finally:
                self._scope = None

    async def _answer(self) -> End:
        """Make calls until the model is done; a paused turn is sent again with what it brought."""
        await self._summarise()
        call = 0
        while True:
            call += 1
            request = await in_database(running.request_for, self.work)
            attempt = await self._call(request, call)
            if attempt.fold.stop_reason != "pause_turn" or call == MAX_CALLS:
                return _natural_end(attempt)
            if not await self._next_call(attempt):
                self.abort(LOST)
                raise TimeoutError

    async def _summarise(self) -> None:
        """Have the summary written that this turn's request begins with, if one is due."""
        job = await in_database(summaries.summary_job, self.work)
        if job is None:
            return
        self._cutter.event(events.notice("summarising"))
        await write_summary(
            self.work,
            job,
            owner=self._owner,
            clients=self._clients,
            abortable=self._abortable,
            wait=self._wait,
        )

    async def _call(self, request: dict[str, Any], call: int) -> Attempt:
        """Try one call until it succeeds, has shown something, or may not be tried again.

        Raises:
            AttemptFailed: the last failure; its call is not settled yet if text was shown.
        """
        connection = self.work.connection
        number = 0
        while True:
            number += 1
            attempt = self._attempt = Attempt(self.work, self._cutter)
            self._call_id = await in_database(running.open_call, self.work, call=call, attempt=number)
            try:
                async with self._abortable(), self._clients.lease(connection) as client:
                    self._reading = True
                    await attempt.read(client, request, self._clock)
                metrics.UPSTREAM_ATTEMPTS.labels("succeeded").inc()
                return attempt
            except (ConnectionUnusable, TimeoutError):
                if not attempt.sent:
                    await self._discard_call()
                raise
            except AttemptFailed as error:
                self._note_failure(error.failure, number)
                if not error.reached:
                    await self._discard_call()
                if attempt.shown or not error.failure.retryable or number > connection.max_retries:
                    raise
                await self._settle_failed(error.failure)
                await self._wait(error.failure, number)
            finally:
                self._reading = False

    async def _wait(self, cause: Failure, number: int) -> None:
        """Wait before the next attempt, as long as the upstream asks but not beyond the connection's cap."""
        backoff = min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (number - 1)) * random.uniform(0.75, 1)  # noqa: S311
        asked = cause.retry_after_seconds
        seconds = backoff if asked is None else min(asked, self.work.connection.retry_after_limit_seconds)
        self._cutter.event(events.notice("retrying", seconds=seconds))
        async with self._abortable():
            await asyncio.sleep(seconds)

    async def _discard_call(self) -> None:
        call_id, self._call_id = self._call_id, None
        if call_id is not None:
            await in_database(ledger.discard_call, call_id)

    async def _next_call(self, attempt: Attempt) -> bool:
        """Settle a paused call and open the message of the next one."""
        settlement = self._settlement(ApiCall.Status.SUCCEEDED, whole=True)
        answer = _answer_of(attempt, Message.Status.COMPLETE)
        self._cutter.event(self._usage_event(settlement.bill))
        pending = await self._writer.release(self._log)
        batch = Batch(self.work.turn.id, self.work.fence, self._log.flushed + 1, pending)
        call_id, self._call_id = self._call_id, None
        kept = await in_database(
            running.end_call, self.work, self._owner, batch, answer=answer, call=(call_id or 0, settlement)
        )
        self._log.mark_flushed(self._log.last_seq)
        self._writer.take(self._log)
        self._attempt, self._shown_before = None, True  # its message is complete; the next one is still empty
        return kept

    def _failed(self, cause: Failure) -> End:
        status = Turn.Status.INTERRUPTED if self._shown() else Turn.Status.FAILED
        return End(status, error_code=cause.kind, detail=cause.message)

    def _aborted(self) -> End:
        attempt = self._attempt
        if attempt is not None and attempt.fold.ended and attempt.fold.stop_reason != "pause_turn":
            return _natural_end(attempt)  # the answer was whole before the reason to end it came
        match self.abort_reason:
            case "stop":
                return End(Turn.Status.STOPPED)
            case "idle" if not self._shown():
                return End(Turn.Status.FAILED, error_code=FailureKind.TIMEOUT, detail="no content in time")
            case "idle":
                return End(
                    Turn.Status.INTERRUPTED, error_code=FailureKind.TIMEOUT, detail="no content in time"
                )
            case "too_long":
                return End(Turn.Status.INTERRUPTED, error_code="turn_limit", detail="the turn's time limit")
        return End(Turn.Status.INTERRUPTED, error_code="restarted")

    def _shown(self) -> bool:
        return self._shown_before or (self._attempt is not None and self._attempt.shown)

    async def _end(self, end: End) -> None:
        """Write the end in one transaction, then tell it; a database that is away is tried again for a while."""
        self._cutter.flush()
        answer, call, tail = self._last_words(end)
        pending = await self._writer.release(self._log)
        last = self._log.encode(*tail)
        batch = Batch(self.work.turn.id, self.work.fence, self._log.flushed + 1, pending + last)
        for again in range(END_TRIES):
            try:
                kept = await in_database(
                    running.finish, self.work, self._owner, end, batch, answer=answer, call=call
                )
                break
            except DatabaseError as error:
                log.warning("end_not_written", error=type(error).__name__, again=again)
                await asyncio.sleep(min(4.0, 0.25 * 2**again))
        else:
            kept = False
        if not kept:
            # Somebody else holds the turn, or the database is away: what viewers have is not what will be.
            self._hub.tell(
                self.work.turn.conversation_id, refresh(self._log.conversation_id, self._log.turn_id)
            )
            return
        self._hub.publish(self._log, last)
        metrics.TURNS_FINISHED.labels(end.status).inc()
        log.info("turn_finished", status=str(end.status), code=end.error_code, request=self._request_id())

    def _last_words(self, end: End) -> tuple[Answer | None, tuple[int, Settlement] | None, list[Event]]:
        """Return the answer to keep, the settlement of an open call, and the turn's last events."""
        attempt, tail, call = self._attempt, [], None
        whole = attempt is not None and attempt.fold.ended
        answer = _answer_of(attempt, Message.Status.COMPLETE if whole else Message.Status.PARTIAL)
        if answer is not None and self.work.turn.output_schema is not None:
            answer = dataclasses.replace(answer, content=as_text(answer.content))
        if self._call_id is not None:
            failed = end.status == Turn.Status.FAILED
            status = ApiCall.Status.FAILED if failed else ApiCall.Status.CUT
            status = ApiCall.Status.SUCCEEDED if whole else status
            settlement = self._settlement(status, whole=whole, code=end.error_code)
            call = (self._call_id, settlement)
            if settlement.bill.usage is not None:
                tail.append(self._usage_event(settlement.bill))
        finished = end.status in (Turn.Status.COMPLETED, Turn.Status.STOPPED)
        error = None if finished else {"code": end.error_code or str(end.status), "message": _words(end)}
        tail.append(
            events.turn_finished(
                status=end.status,
                stop_reason=end.stop_reason or None,
                message=str(self.work.message.id),
                error=error,
            )
        )
        return answer, call, tail

    def _settlement(self, status: str, *, whole: bool, code: str = "") -> Settlement:
        attempt = self._attempt
        if attempt is None:
            return Settlement(status=status, bill=ledger.free_bill(), error_code=code)
        refused_before_work = (attempt.http_status or 200) >= 400
        if refused_before_work:
            bill, status = ledger.free_bill(), ApiCall.Status.FAILED
        else:
            bill = ledger.bill_for_message(
                self.work.prices, attempt.fold.message, whole=whole, text=attempt.received_text()
            )
        return Settlement(
            status=status,
            bill=bill,
            upstream_request_id=attempt.request_id,
            http_status=attempt.http_status,
            error_code=code,
            stop_reason=attempt.fold.stop_reason or "",
            first_byte_at=attempt.first_byte_at,
        )

    async def _settle_failed(self, cause: Failure) -> None:
        if self._call_id is None:
            return
        settlement = self._settlement(ApiCall.Status.FAILED, whole=False, code=cause.kind)
        call_id, self._call_id = self._call_id, None
        await in_database(ledger.settle_call, call_id, settlement)

    def _usage_event(self, bill: Bill) -> Event:
        return events.usage(
            usage=bill.usage or {}, cost_usd=f"{bill.cost_usd:f}", certainty=str(bill.certainty)
        )

    def _note_failure(self, cause: Failure, number: int) -> None:
        metrics.UPSTREAM_ATTEMPTS.labels(cause.kind).inc()
        log.warning(
            "upstream_failed",
            kind=str(cause.kind),
            attempt=number,
            status=cause.status,
            request=cause.request_id,
            connection=self.work.connection.name,
        )

    def _emit(self, event: Event) -> None:
        self._hub.publish(self._log, self._log.encode(event))
        self._writer.nudge()

    def _request_id(self) -> str:
        return self._attempt.request_id if self._attempt else ""


def _natural_end(attempt: Attempt) -> End:
    stop_reason = attempt.fold.stop_reason or ""
    refused = stop_reason == "refusal"
    return End(Turn.Status.REFUSED if refused else Turn.Status.COMPLETED, stop_reason=stop_reason)


def _answer_of(attempt: Attempt | None, status: str) -> Answer | None:
    """Return what the attempt brought; of a refused answer nothing is kept, for its partial text must not be used."""
    if attempt is None or not attempt.fold.started:
        return None
    message = attempt.fold.message
    refused = message.get("stop_reason") == "refusal"
    whole = status == Message.Status.COMPLETE and not refused
    return Answer(
        content=[] if refused else message["content"] if whole else attempt.fold.partial_content(),
        status=Message.Status.PARTIAL if refused else status,
        stop_reason=message.get("stop_reason") or "",
        stop_details=message.get("stop_details"),
        model_name=message.get("model") or "",
    )


def _words(end: End) -> str:
    """Say it in the default language: frames are the same for all viewers; pages put it into their own."""
    with translation.override(settings.LANGUAGE_CODE):
        return wording.failure_text(end.error_code or str(end.status), end.detail)
