"""Broken answers that go on by themselves: what arrived is kept, and the model is asked for the rest in the same turn.

The request is that of *Continue*: history is append-only and current models refuse a prefilled answer, so a user
message quotes the end of the partial answer.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from chat.claude.content.blocks import Block, plain_text
from chat.claude.failures.failure import Failure
from chat.claude.request.build import continue_text
from chat.events.payloads import Event
from chat.events.store import Batch
from chat.models import Message, ToolCall, Turn, Workspace
from chat.operations.billing import ledger
from chat.operations.running_turn import RunningTurn, next_answer, renew_lease
from chat.operations.turns import tool_rounds
from chat.operations.turns.finish import AnswerContent, keep_answer
from chat.operations.turns.tool_rounds import PlannedCall

MOST_PER_TURN = 2
CODE = "continued"


def may_continue(turn: Turn, cause: Failure) -> bool:
    """Return whether a turn's broken answer goes on by itself: staff want it, and it may pass where a retry may.

    A part of an answer with an output schema does not match the schema, and neither would its continuation.
    """
    continued = sum(notice["code"] == CODE for notice in turn.notices)
    return cause.retryable and turn.output_schema is None and continued < MOST_PER_TURN and _is_wanted(turn)


def _is_wanted(turn: Turn) -> bool:
    assistant = turn.conversation.assistant
    if assistant is not None and assistant.auto_continue is not None:
        return assistant.auto_continue
    return Workspace.current().auto_continue


def calls_not_run(running: RunningTurn, content: Sequence[Block]) -> list[PlannedCall]:
    """Return the final rows of the tool calls in a broken answer: tools run only for whole answers."""
    return tool_rounds.plan_calls(running.turn, running.message, content, {}, not_run=tool_rounds.BROKEN)


def continue_answer(
    running: RunningTurn,
    batch: Batch,
    notice: Event,
    *,
    answer: AnswerContent,
    call: tuple[int, ledger.Settlement],
    asked: Sequence[ToolCall],
) -> bool:
    """Settle the broken call, keep its part of the answer and create the next one; return False if the lease is lost.

    `notice` tells viewers; it is kept with the turn.
    """
    turn, told = running.turn, {key: value for key, value in notice.items() if key != "type"}
    with transaction.atomic():
        ledger.settle_call(*call)
        if not renew_lease(running):
            return False
        keep_answer(running.message, answer)
        ToolCall.objects.bulk_create(asked)
        batch.store()
        notices: list[Any] = [*turn.notices, told]
        Turn.objects.filter(id=turn.id).update(notices=notices)
        next_answer(running, request_for_rest(turn, running.message, answer))
    turn.notices = notices
    return True


def request_for_rest(turn: Turn, partial: Message, answer: AnswerContent) -> Message:
    """Return the message that the rest of the answer follows: tool results, or a request to go on."""
    return tool_rounds.write_results(turn, partial) or Message.objects.append(
        after=partial,
        role=Message.Role.USER,
        kind=Message.Kind.CONTINUE,
        content=[{"type": "text", "text": continue_text(plain_text(answer.content))}],
        turn=turn,
    )
