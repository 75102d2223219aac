"""The calls and tool rounds of one turn, until the model is done or only a person can decide how to go on."""

from collections.abc import Sequence

import structlog

from chat.claude.failures.failure import Failure
from chat.claude.request.output_schema import has_answer_call
from chat.claude.stream.next_step import asks_for_tools
from chat.engine.database import at_last, in_database
from chat.engine.turn.attempt import Attempt, AttemptFailed
from chat.engine.turn.calls import Caller
from chat.engine.turn.cancellation import AbortReason, Cancellation
from chat.engine.turn.end import natural_end
from chat.engine.turn.final_write import final_answer, usage_event
from chat.engine.turn.output import TurnOutput
from chat.engine.turn.tools import ToolRound
from chat.events import payloads
from chat.models import ApiCall, LanguageModel, Message
from chat.models.ids import ModelId
from chat.operations.running_turn import LeaseLost, RunningTurn
from chat.operations.turns import auto_continue, claim, failover, finish, tool_rounds
from chat.operations.turns.finish import TurnEnd
from chat.operations.turns.tool_rounds import PlannedCall

log = structlog.get_logger(__name__)

MAX_CALLS = 20


class AnswerLoop:
    """Answers a turn: each answer is kept before what follows from it. `round` is the tool round under way."""

    def __init__(self, running: RunningTurn, caller: Caller, output: TurnOutput, scope: Cancellation) -> None:
        self._running, self._caller, self._output, self._scope = running, caller, output, scope
        self._refused: set[ModelId] = set()
        self.round: ToolRound | None = None

    def look(self) -> None:
        """Check soon whether waiting tool calls were decided."""
        if self.round is not None:
            self.round.look()

    async def run(self) -> TurnEnd | None:
        """Make calls and run tools until the model is done; return None if the turn waits for a person.

        Raises:
            AttemptFailed, ConnectionUnusable, OperationError, RequestError: the turn fails.
            LeaseLost: the turn was taken or ended by another process.
            TimeoutError: the turn is to end.
        """
        await self._caller.summarise()
        if self._running.resumed:
            self.round = ToolRound(self._running, self._output.cutter.event, self._scope)
        while True:
            if self.round is not None:
                if not await self.round.run():
                    if await self._park():
                        return None
                    continue
                self.round = None
                if not await in_database(finish.answer_tools, self._running):
                    raise LeaseLost
            try:
                attempt = await self._caller.call()
            except AttemptFailed as error:
                if not await self._goes_on(error.failure):
                    raise
                continue
            if not await self._continues(attempt):
                return natural_end(attempt)

    async def _continues(self, attempt: Attempt) -> bool:
        """Keep an answer that is not the turn's last and prepare what follows; return False if it is the last."""
        if self._running.calls >= MAX_CALLS:
            return False
        match attempt.fold.stop_reason:
            case "pause_turn":
                await self._keep(attempt, Message.Status.COMPLETE)
            case "refusal":
                self._refused.add(self._running.model.id)
                other = await in_database(failover.after_refusal, self._running.turn, self._refused)
                if other is None:
                    return False
                await self._ask_after_refusal(attempt, other)
            case _ if self._runs_tools(attempt):
                asked = await self._plan(attempt)
                await self._keep(attempt, Message.Status.COMPLETE, asked)
                rows = [planned.row for planned in asked]
                self.round = ToolRound(self._running, self._output.cutter.event, self._scope, rows)
            case _:
                return False
        return True

    def _runs_tools(self, attempt: Attempt) -> bool:
        message, schema = attempt.fold.message, self._running.turn.output_schema
        return asks_for_tools(message) and not (schema is not None and has_answer_call(message["content"]))

    async def _plan(self, attempt: Attempt) -> list[PlannedCall]:
        running, content = self._running, attempt.fold.message["content"]
        return await in_database(
            tool_rounds.plan_calls, running.turn, running.message, content, attempt.fold.invalid_inputs
        )

    async def _goes_on(self, cause: Failure) -> bool:
        """Keep what arrived of a broken answer and prepare the call for its rest; return False if the turn ends.

        Raises:
            LeaseLost: the turn was taken or ended by another process.
        """
        attempt, running = self._caller.attempt, self._running
        if attempt is None or not attempt.shown or running.calls >= MAX_CALLS:
            return False
        if not await in_database(auto_continue.may_continue, running.turn, cause):
            return False
        call = self._caller.open_row(ApiCall.Status.CUT, code=cause.kind)
        answer = final_answer(attempt, Message.Status.PARTIAL)
        assert call is not None, "an answer that was shown has an open row"
        assert answer is not None, "an answer that was shown has begun"
        asked = await in_database(auto_continue.calls_not_run, running, answer.content)
        notice = payloads.notice(
            "continued", about={"reason": str(cause.kind), "after": str(running.message.id)}
        )
        told = [event for planned in asked for event in planned.events()]
        batch = await self._output.seal(usage_event(call[1].bill), *told, notice)
        rows = [planned.row for planned in asked]
        if not await in_database(
            auto_continue.continue_answer, running, batch, notice, answer=answer, call=call, asked=rows
        ):
            raise LeaseLost
        self._output.show(batch)
        self._output.resume()
        self._caller.message_kept(broken=True)
        log.warning("answer_continued", reason=str(cause.kind))
        return True

    async def _ask_after_refusal(self, attempt: Attempt, other: LanguageModel) -> None:
        refused, before = str(self._running.message.id), self._running.model.display_name
        await self._keep(attempt, Message.Status.PARTIAL)
        names = {"from": before, "to": other.display_name, "reason": "refusal", "message": refused}
        await self._caller.switch(other, payloads.notice("fallback", about=names))

    async def _keep(self, attempt: Attempt, status: str, asked: Sequence[PlannedCall] = ()) -> None:
        """Settle a call in the middle of the turn and keep its message, in one transaction; then show its events.

        Raises:
            LeaseLost: the turn was taken or ended by another process.
        """
        call = self._caller.open_row(ApiCall.Status.SUCCEEDED)
        assert call is not None, "a call that succeeded has an open row until its message is kept"
        events = [event for planned in asked for event in planned.events()]
        batch = await self._output.seal(usage_event(call[1].bill), *events)
        answer, rows = final_answer(attempt, status), [planned.row for planned in asked]
        if not await in_database(finish.end_call, self._running, batch, answer=answer, call=call, asked=rows):
            raise LeaseLost
        self._output.show(batch)
        self._output.resume()
        self._caller.message_kept()

    async def _park(self) -> bool:
        """Park the turn until a person decides; return False if one has decided or wants it stopped."""
        batch = await self._output.seal(payloads.turn_waiting())
        if await at_last(claim.park_turn, self._running, batch):
            self._output.show(batch)
            log.info("turn_waits")
            return True
        self._output.resume()
        if self._running.turn.id in await in_database(claim.stop_requests, self._running.owner):
            self._scope.abort(AbortReason.STOP)
        return False
