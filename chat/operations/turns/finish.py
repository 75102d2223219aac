"""How calls, rounds of tools and turns end: each in one transaction that keeps the answer and settles its cost."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.claude.content.blocks import plain_text, tool_use_ids
from chat.events import payloads
from chat.events.payloads import Event
from chat.events.store import Batch, append_unowned
from chat.models import Conversation, Message, ToolCall, Turn
from chat.operations.billing import ledger
from chat.operations.running_turn import RunningTurn, next_answer, renew_lease
from chat.operations.turns import tool_rounds
from chat.presentation import wording


@dataclasses.dataclass(frozen=True, slots=True)
class AnswerContent:
    """The answer of one API call, as it is kept in its assistant message."""

    content: list[dict[str, Any]]
    status: str = Message.Status.COMPLETE
    stop_reason: str = ""
    stop_details: Any = None
    model_name: str = ""
    thinking_seconds: Sequence[float] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class TurnEnd:
    """How a turn ends; `detail` is technical and safe to keep."""

    status: str
    stop_reason: str = ""
    error_code: str = ""
    detail: str = ""


def end_call(
    running: RunningTurn,
    batch: Batch,
    *,
    answer: AnswerContent | None,
    call: tuple[int, ledger.Settlement],
    asked: Sequence[ToolCall] = (),
) -> bool:
    """Settle a call in the middle of a turn and keep its message; return False if the lease is lost.

    The next answer is created at once, unless the model asked for tools: their results come first then.
    """
    with transaction.atomic():
        ledger.settle_call(*call)
        if not renew_lease(running):
            return False
        keep_answer(running.message, answer or AnswerContent([]))
        ToolCall.objects.bulk_create(asked)
        batch.store()
        if not asked:
            next_answer(running, running.message)
    return True


def answer_tools(running: RunningTurn) -> bool:
    """Write the results of the last answer's tools and create the next answer; return False if the lease is lost."""
    with transaction.atomic():
        if not renew_lease(running):
            return False
        next_answer(running, tool_rounds.write_results(running.turn, running.message) or running.message)
    return True


def finish_turn(
    running: RunningTurn,
    end: TurnEnd,
    batch: Batch,
    *,
    answer: AnswerContent | None,
    call: tuple[int, ledger.Settlement] | None,
    asked: Sequence[ToolCall] = (),
) -> bool:
    """Write message, ledger row, last frames and status in one transaction; return False if the lease is lost.

    The ledger row is settled even then, because the call was made. The tools that the last answer asked for get
    results, because the API refuses a transcript in which a tool_use has none.
    """
    with transaction.atomic():
        if call is not None:
            ledger.settle_call(*call)
        owned = Turn.objects.owned_by(running.owner, running.fence).filter(id=running.turn.id)
        if not owned.update(last_seq=batch.last_seq, **_ended(end)):
            return False
        keep_answer(running.message, answer or AnswerContent([], Message.Status.PARTIAL))
        ToolCall.objects.bulk_create(asked)
        if answer is None or tool_use_ids(answer.content):
            tool_rounds.write_results(running.turn, running.message)
        batch.store()
        Conversation.objects.filter(id=running.turn.conversation_id).update(updated_at=timezone.now())
    return True


def end_unowned(turn: Turn, end: TurnEnd) -> bool:
    """End a turn that has no owner, unless it changed since `turn` was read; return whether it ended.

    Such a turn has no answer yet or waits for a person. Viewers read the end from its last events.
    """
    with transaction.atomic():
        unmoved = Turn.objects.filter(
            id=turn.id, status=turn.status, fence=turn.fence, last_seq=turn.last_seq
        )
        if not unmoved.update(**_ended(end)):
            return False
        closed = tool_rounds.close_round(turn, stopped=end.status == Turn.Status.STOPPED)
        answer = turn.last_answer()
        told = [tool_rounds.tool_finished_event(call) for call in closed]
        told.append(turn_finished_event(end, answer))
        append_unowned(turn, told)
        Turn.objects.filter(id=turn.id).update(last_seq=turn.last_seq)
    return True


def turn_finished_event(end: TurnEnd, answer: Message | None) -> Event:
    """Return the event of a turn's end, with an error message for programs that have no texts of their own."""
    error = None
    if end.status not in (Turn.Status.COMPLETED, Turn.Status.STOPPED):
        code = end.error_code or str(end.status)
        error = {"code": code, "message": wording.failure_for_all(code, end.detail)}
    return payloads.turn_finished(
        status=end.status,
        stop_reason=end.stop_reason or None,
        message=str(answer.id) if answer else None,
        error=error,
    )


def keep_answer(message: Message, answer: AnswerContent) -> None:
    """Write an answer into its message, unless the message is complete already."""
    Message.objects.filter(id=message.id, status=Message.Status.STREAMING).update(
        content=answer.content,
        text=plain_text(answer.content),
        status=answer.status,
        stop_reason=answer.stop_reason[:40],
        stop_details=answer.stop_details,
        binding=message.binding,
        thinking_seconds=[*answer.thinking_seconds],
        model_name=answer.model_name[:120] or message.model_name,
    )
    message.content, message.status = answer.content, answer.status


def _ended(end: TurnEnd) -> dict[str, Any]:
    return {
        "status": end.status,
        "stop_reason": end.stop_reason[:40],
        "error_code": end.error_code[:40],
        "error_detail": end.detail[:500],
        "finished_at": timezone.now(),
    }
