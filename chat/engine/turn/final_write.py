"""What the last transaction of a turn writes, and the last events for its viewers."""

import dataclasses
from collections.abc import Sequence

from chat.claude.content.blocks import Block, tool_use_ids
from chat.claude.request.output_schema import answer_as_text
from chat.engine.database import at_last
from chat.engine.turn.attempt import Attempt
from chat.engine.turn.calls import Caller
from chat.engine.turn.tools import ToolRound
from chat.events import payloads
from chat.events.payloads import Event
from chat.models import ApiCall, Message, ToolCall, Turn
from chat.operations.billing.ledger import Bill, Settlement
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import tool_rounds
from chat.operations.turns.finish import AnswerContent, TurnEnd, turn_finished_event
from chat.operations.turns.tool_rounds import PlannedCall

# Why the tools that a turn's last answer asks for are not run, by the answer's stop reason or the turn's status.
_NOT_RUN = {
    "tool_use": tool_rounds.AT_LIMIT,
    "max_tokens": tool_rounds.CUT,
    "model_context_window_exceeded": tool_rounds.FULL,
    "stopped": tool_rounds.NOT_RUN,
    "interrupted": tool_rounds.INTERRUPTED,
}


@dataclasses.dataclass(slots=True)
class FinalWrite:
    """What is written when a turn ends: answer, settlement of an open call, tools that were not run, last events."""

    answer: AnswerContent | None = None
    call: tuple[int, Settlement] | None = None
    asked: Sequence[ToolCall] = ()
    events: list[Event] = dataclasses.field(default_factory=list)


async def final_write(
    running: RunningTurn, caller: Caller, tools: ToolRound | None, end: TurnEnd
) -> FinalWrite:
    """Return what is left to write, and end the tools that still run.

    Raises:
        DatabaseError: the database can't be reached.
    """
    attempt, write = caller.attempt, FinalWrite()
    whole = attempt is not None and attempt.whole
    write.answer = final_answer(attempt, Message.Status.COMPLETE if whole else Message.Status.PARTIAL)
    if write.answer is not None and running.turn.output_schema is not None:
        write.answer = dataclasses.replace(write.answer, content=answer_as_text(write.answer.content))
    failed = end.status == Turn.Status.FAILED
    status = ApiCall.Status.FAILED if failed else ApiCall.Status.CUT
    status = ApiCall.Status.SUCCEEDED if whole else status
    write.call = caller.open_row(status, code=end.error_code)
    if write.call is not None and (write.call[1].bill.usage is not None or write.call[1].bill.cost_usd):
        write.events.append(usage_event(write.call[1].bill))
    if tools is not None:
        write.events += await tools.close(stopped=end.status == Turn.Status.STOPPED)
    elif write.answer is not None and tool_use_ids(write.answer.content):
        asked = await at_last(_not_to_run, running, write.answer.content, end)
        write.asked = [planned.row for planned in asked]
        write.events += [event for planned in asked for event in planned.events()]
    write.events.append(turn_finished_event(end, running.message))
    return write


def _not_to_run(running: RunningTurn, content: list[Block], end: TurnEnd) -> list[PlannedCall]:
    why = _NOT_RUN.get(end.stop_reason or end.status, tool_rounds.NOT_REACHED)
    return tool_rounds.plan_calls(running.turn, running.message, content, {}, not_run=why)


def final_answer(attempt: Attempt | None, status: str) -> AnswerContent | None:
    """Return what is kept of an attempt. A refused answer is kept empty: its partial text must not be used."""
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
        thinking_seconds=attempt.thinking_seconds,
    )


def usage_event(bill: Bill) -> Event:
    return payloads.usage(
        usage=bill.usage or {}, cost_usd=f"{bill.cost_usd:f}", certainty=str(bill.certainty)
    )
