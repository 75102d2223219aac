"""Runs one turn from its claim to its end: calls, tools, waits for people, limits, and the transaction that ends it."""

import asyncio
import dataclasses
import itertools
from collections.abc import Callable, Sequence

import structlog
from django.db import Error as DatabaseError

from chat import metrics
from chat.claude.blocks import tool_use_ids
from chat.claude.failures import FailureKind
from chat.claude.output_schema import has_answer_call
from chat.claude.transcript import RequestError
from chat.engine.attempt import Attempt, AttemptFailed
from chat.engine.calls import Caller
from chat.engine.cancellation import LOST, STOP, TOO_LONG, Cancellation
from chat.engine.coalescer import Coalescer, Pace
from chat.engine.database import at_last, in_database
from chat.engine.final_write import GOES_ON, final_answer, last_words, natural_end, usage_event
from chat.engine.hub import Hub
from chat.engine.summary import write_summary
from chat.engine.tools import ToolRound
from chat.engine.turn_log import TurnLog
from chat.engine.writer import Writer
from chat.events import payloads
from chat.events.payloads import Event, EventFrame, refresh
from chat.events.store import Batch
from chat.models import ApiCall, LanguageModel, Message, Turn
from chat.models.ids import ModelId
from chat.operations.errors import OperationError
from chat.operations.request import output_schema
from chat.operations.running_turn import LeaseLost, RunningTurn
from chat.operations.turns import claim, failover, finish, summaries, tool_rounds
from chat.operations.turns.finish import TurnEnd
from chat.operations.turns.tool_rounds import PlannedCall
from chat.providers.clients import ClientPool, ConnectionUnusable

log = structlog.get_logger(__name__)

MAX_CALLS = 20


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

    def __init__(self, running: RunningTurn, shared: Shared) -> None:
        turn = running.turn
        self.running, self._owner = running, shared.owner
        self._hub, self._writer = shared.hub, shared.writer
        self._clients = shared.clients
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._began = self._clock()
        self._log = TurnLog(
            turn.id,
            turn.conversation_id,
            created_at=turn.created_at,
            fence=running.fence,
            begun=turn.last_seq if running.resumed else 0,
        )
        self._scope = Cancellation()
        self._cutter = Coalescer(self._emit, shared.pace)
        self._caller = Caller(running, shared.owner, shared.clients, self._cutter, self._scope)
        self._round: ToolRound | None = None
        self._refused: set[ModelId] = set()
        self._shown_before = running.resumed

    def abort(self, reason: str) -> None:
        """End the turn now, wherever it is: between calls, waiting for a retry, reading, or running tools."""
        self._scope.abort(reason)

    def tick(self) -> None:
        """Check the limits of time."""
        if self._clock() - self._began > self.running.connection.turn_limit_seconds:
            self.abort(TOO_LONG)
        else:
            self._caller.check_silence()

    def look(self) -> None:
        """Hear that a tool call may have been decided about."""
        if self._round is not None:
            self._round.look()

    async def run(self) -> None:
        """Run the turn to its end, or until it waits for a person. Never raises, save for cancellation."""
        turn = self.running.turn
        structlog.contextvars.bind_contextvars(turn=str(turn.id), conversation=str(turn.conversation_id))
        self._hub.add(self._log)
        self._writer.take(self._log)
        metrics.TURNS_ACTIVE.inc()
        parked = False
        try:
            self._tell_start()
            end = await self._within_limits()
            parked = end is None
            if end is not None:
                await self._end(await self._shaped(end))
        except Exception:
            log.exception("turn_crashed")
            await self._end(TurnEnd(Turn.Status.FAILED, error_code="internal"))
        finally:
            if parked:
                self._hub.park(self._log)
            else:
                self._hub.close(self._log)
            metrics.TURNS_ACTIVE.dec()

    def _tell_start(self) -> None:
        if self.running.resumed:
            self._emit(payloads.turn_resumed())
            return
        metrics.TURNS_STARTED.inc()
        answer = str(self.running.message.id)
        self._emit(payloads.turn_started(model=self.running.model.model_id, assistant_message=answer))

    async def _within_limits(self) -> TurnEnd | None:
        try:
            return await self._answer()
        except TimeoutError:
            if not self._scope.reason:
                raise
        except LeaseLost:
            self.abort(LOST)
        except AttemptFailed as error:
            return self._given_up(error.failure.kind, error.failure.message)
        except RequestError as error:
            return self._given_up(FailureKind.INVALID_REQUEST, str(error))
        except ConnectionUnusable as error:
            return self._given_up("connection_unusable", str(error))
        except OperationError as error:  # such as a budget that is used up
            return self._given_up(error.code, error.detail)
        return self._aborted()

    async def _shaped(self, end: TurnEnd) -> TurnEnd:
        """Check an answer that has to have a shape; off the loop, for checking may take long."""
        schema, attempt = self.running.turn.output_schema, self._caller.attempt
        if schema is None or attempt is None or end.status != Turn.Status.COMPLETED:
            return end
        content = attempt.fold.message["content"]
        fault = await asyncio.to_thread(output_schema.schema_fault, schema, content, end.stop_reason)
        if fault is not None:
            return TurnEnd(Turn.Status.FAILED, end.stop_reason, fault.code, fault.detail)
        return dataclasses.replace(end, stop_reason="end_turn")

    async def _answer(self) -> TurnEnd | None:
        """Make calls and run tools until the model is done; None when the turn waits for a person."""
        await self._summarise()
        if self.running.resumed:
            self._round = ToolRound(self.running, self._cutter.event, self._scope)
        while True:
            if self._round is not None:
                if not await self._round.run():
                    if await self._park():
                        return None
                    continue
                self._round = None
                await self._open_next()
            attempt = await self._caller.call()
            if not await self._goes_on(attempt):
                return natural_end(attempt)

    async def _summarise(self) -> None:
        """Have the summary written that this turn's request begins with, if one is due; elsewhere if need be."""
        numbers = itertools.count(1)
        while (job := await in_database(summaries.summary_job, self.running)) is not None:
            self._cutter.event(payloads.notice("summarising"))
            try:
                return await write_summary(
                    self.running,
                    job,
                    owner=self._owner,
                    clients=self._clients,
                    abortable=self._scope.abortable,
                    wait=self._caller.wait,
                    numbers=numbers,
                )
            except (AttemptFailed, ConnectionUnusable) as error:
                if not await self._caller.moves_on(error):
                    raise

    async def _goes_on(self, attempt: Attempt) -> bool:
        """Keep an answer that is not the turn's last, and set out what comes next; False when it is the last."""
        if self.running.calls >= MAX_CALLS:
            return False
        match attempt.fold.stop_reason:
            case "pause_turn":
                await self._keep(attempt, Message.Status.COMPLETE)
            case "tool_use":
                asked = await self._plan(attempt)
                if not asked:
                    return False
                await self._keep(attempt, Message.Status.COMPLETE, asked)
                rows = [planned.row for planned in asked]
                self._round = ToolRound(self.running, self._cutter.event, self._scope, rows)
            case "refusal":
                self._refused.add(self.running.model.id)
                other = await in_database(failover.after_refusal, self.running.turn, self._refused)
                if other is None:
                    return False
                await self._ask_after_refusal(attempt, other)
            case _:
                return False
        return True

    async def _plan(self, attempt: Attempt) -> list[PlannedCall]:
        running, content = self.running, attempt.fold.message["content"]
        if not tool_use_ids(content) or (running.turn.output_schema is not None and has_answer_call(content)):
            return []
        return await in_database(
            tool_rounds.plan_calls, running.turn, running.message, content, attempt.fold.invalid_inputs
        )

    async def _ask_after_refusal(self, attempt: Attempt, other: LanguageModel) -> None:
        refused, before = str(self.running.message.id), self.running.model.display_name
        await self._keep(attempt, Message.Status.PARTIAL)
        names = {"from": before, "to": other.display_name, "reason": "refusal", "message": refused}
        await self._caller.switch(other, payloads.notice("fallback", about=names))

    async def _keep(self, attempt: Attempt, status: str, asked: Sequence[PlannedCall] = ()) -> None:
        """Settle a call in the middle of the turn and keep its message, in one transaction; then tell it.

        Raises:
            LeaseLost: somebody else has the turn.
        """
        settlement = self._caller.settlement(ApiCall.Status.SUCCEEDED, whole=True)
        told = [usage_event(settlement.bill), *(event for planned in asked for event in planned.events())]
        self._cutter.flush()
        pending = await self._writer.release(self._log)
        last = self._log.encode(*told)
        batch = Batch(self.running.turn.id, self.running.fence, self._log.flushed + 1, pending + last)
        kept = await in_database(
            finish.end_call,
            self.running,
            self._owner,
            batch,
            answer=final_answer(attempt, status),
            call=(self._caller.call_id or 0, settlement),
            asked=[planned.row for planned in asked],
        )
        self._caller.take_call_id()
        if not kept:
            raise LeaseLost
        self._show(last)
        self._writer.take(self._log)
        # Its message is complete; the next one is still empty.
        self._caller.attempt, self._shown_before = None, True

    async def _open_next(self) -> None:
        if not await in_database(finish.answer_tools, self.running, self._owner):
            raise LeaseLost

    async def _park(self) -> bool:
        """Give the turn up until somebody decides; False when somebody has, or wants it stopped."""
        self._cutter.flush()
        pending = await self._writer.release(self._log)
        last = self._log.encode(payloads.turn_waiting())
        batch = Batch(self.running.turn.id, self.running.fence, self._log.flushed + 1, pending + last)
        if await at_last(claim.park_turn, self.running, self._owner, batch):
            self._show(last)
            log.info("turn_waits")
            return True
        self._writer.take(self._log)
        if self.running.turn.id in await in_database(claim.stop_requests, self._owner):
            self.abort(STOP)
        return False

    def _show(self, last: list[EventFrame]) -> None:
        """Show frames that were made durable together with what they tell."""
        self._hub.publish(self._log, last)
        self._writer.written(self._log)

    def _given_up(self, code: str, detail: str) -> TurnEnd:
        status = Turn.Status.INTERRUPTED if self._shown() else Turn.Status.FAILED
        return TurnEnd(status, error_code=code, detail=detail)

    def _aborted(self) -> TurnEnd:
        attempt = self._caller.attempt
        if attempt is not None and attempt.fold.ended and attempt.fold.stop_reason not in GOES_ON:
            return natural_end(attempt)  # the answer was whole before the reason to end it came
        match self._scope.reason:
            case "stop":
                return TurnEnd(Turn.Status.STOPPED)
            case "idle":
                return self._given_up(FailureKind.TIMEOUT, "no content in time")
            case "too_long":
                return TurnEnd(
                    Turn.Status.INTERRUPTED, error_code="turn_limit", detail="the turn's time limit"
                )
        return TurnEnd(Turn.Status.INTERRUPTED, error_code="restarted")

    def _shown(self) -> bool:
        attempt = self._caller.attempt
        return self._shown_before or (attempt is not None and attempt.shown)

    async def _end(self, end: TurnEnd) -> None:
        """Write the end in one transaction, then tell it; a database that is away is tried again for a while."""
        self._cutter.flush()
        try:
            words = await last_words(self.running, self._caller, self._round, end)
            pending = await self._writer.release(self._log)
            last = self._log.encode(*words.tail)
            batch = Batch(self.running.turn.id, self.running.fence, self._log.flushed + 1, pending + last)
            kept = await at_last(
                finish.finish_turn,
                self.running,
                self._owner,
                end,
                batch,
                answer=words.answer,
                call=words.call,
                asked=words.asked,
            )
        except DatabaseError:
            kept, last = False, []
        if not kept:
            # Somebody else holds the turn, or the database is away: what viewers have is not what will be.
            self._hub.tell(
                self.running.turn.conversation_id, refresh(self._log.conversation_id, self._log.turn_id)
            )
            return
        self._show(last)
        metrics.TURNS_FINISHED.labels(end.status).inc()
        request = self._caller.attempt.request_id if self._caller.attempt else ""
        log.info("turn_finished", status=str(end.status), code=end.error_code, request=request)

    def _emit(self, event: Event) -> None:
        self._hub.publish(self._log, self._log.encode(event))
        self._writer.nudge()
