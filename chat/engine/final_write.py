"""How a turn ends: what its last transaction writes, and the events that tell it."""

import dataclasses
from collections.abc import Sequence

from chat.claude.blocks import Block, tool_use_ids
from chat.claude.output_schema import answer_as_text
from chat.engine.attempt import Attempt
from chat.engine.calls import Caller
from chat.engine.database import at_last
from chat.engine.tools import ToolRound
from chat.events import payloads
from chat.events.payloads import Event
from chat.models import ApiCall, Message, ToolCall, Turn
from chat.operations.billing.ledger import Bill, Settlement
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import tool_rounds
from chat.operations.turns.finish import AnswerContent, TurnEnd, turn_finished_event
from chat.operations.turns.tool_rounds import PlannedCall

# Stop reasons of answers that are not a turn's last.
GOES_ON = ("pause_turn", "tool_use")
# Why tools that an answer asked for are not run although it is kept.
_NOT_RUN = {
    "tool_use": tool_rounds.AT_LIMIT,
    "max_tokens": tool_rounds.CUT,
    "stopped": tool_rounds.NOT_RUN,
    "interrupted": tool_rounds.INTERRUPTED,
}


@dataclasses.dataclass(slots=True)
class LastWords:
    """What is left to be written when a turn ends: its answer, an open call, tools asked for; and the last events."""

    answer: AnswerContent | None = None
    call: tuple[int, Settlement] | None = None
    asked: Sequence[ToolCall] = ()
    tail: list[Event] = dataclasses.field(default_factory=list)


async def last_words(
    running: RunningTurn, caller: Caller, tools: ToolRound | None, end: TurnEnd
) -> LastWords:
    """Say what is left, and end the tools that still run.

    Raises:
        DatabaseError: the database stayed away.
    """
    attempt, words = caller.attempt, LastWords()
    whole = attempt is not None and attempt.fold.ended
    words.answer = final_answer(attempt, Message.Status.COMPLETE if whole else Message.Status.PARTIAL)
    if words.answer is not None and running.turn.output_schema is not None:
        words.answer = dataclasses.replace(words.answer, content=answer_as_text(words.answer.content))
    call_id = caller.take_call_id()
    if call_id is not None:
        failed = end.status == Turn.Status.FAILED
        status = ApiCall.Status.FAILED if failed else ApiCall.Status.CUT
        status = ApiCall.Status.SUCCEEDED if whole else status
        words.call = (call_id, caller.settlement(status, whole=whole, code=end.error_code))
        if words.call[1].bill.usage is not None:
            words.tail.append(usage_event(words.call[1].bill))
    if tools is not None:
        words.tail += await tools.close(stopped=end.status == Turn.Status.STOPPED)
    elif words.answer is not None and tool_use_ids(words.answer.content):
        asked = await at_last(_not_to_run, running, words.answer.content, end)
        words.asked = [planned.row for planned in asked]
        words.tail += [event for planned in asked for event in planned.events()]
    words.tail.append(turn_finished_event(end, running.message))
    return words


def _not_to_run(running: RunningTurn, content: list[Block], end: TurnEnd) -> list[PlannedCall]:
    why = _NOT_RUN.get(end.stop_reason or end.status, tool_rounds.NOT_REACHED)
    return tool_rounds.plan_calls(running.turn, running.message, content, {}, not_run=why)


def natural_end(attempt: Attempt) -> TurnEnd:
    """Return the end that the model itself chose."""
    stop_reason = attempt.fold.stop_reason or ""
    refused = stop_reason == "refusal"
    return TurnEnd(Turn.Status.REFUSED if refused else Turn.Status.COMPLETED, stop_reason=stop_reason)


def final_answer(attempt: Attempt | None, status: str) -> AnswerContent | None:
    """Return what the attempt brought; of a refused answer nothing is kept, for its partial text must not be used."""
    if attempt is None or not attempt.fold.started:
        return None
    message = attempt.fold.message
    refused = message.get("stop_reason") == "refusal"
    whole = status == Message.Status.COMPLETE and not refused
    return AnswerContent(
        content=[] if refused else message["content"] if whole else attempt.fold.partial_content(),
        status=Message.Status.PARTIAL if refused else status,
        stop_reason=message.get("stop_reason") or "",
        stop_details=message.get("stop_details"),
        model_name=message.get("model") or "",
    )


def usage_event(bill: Bill) -> Event:
    return payloads.usage(
        usage=bill.usage or {}, cost_usd=f"{bill.cost_usd:f}", certainty=str(bill.certainty)
    )
