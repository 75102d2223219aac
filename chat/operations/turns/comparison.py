"""Comparisons: several models answer one message, one after the other. A turn keeps who answers after it.

What follows each ending:

- completed and refused: the next one answers. A refusal is an answer to compare, and says nothing about the others.
- failed and interrupted (also by a restart): the next one answers. What stopped one model need not stop another, and
  *Continue* and *Retry* remain for the broken answer.
- stopped: nothing. A person's stop ends the comparison (`stop.request_stop` clears `next_due`).

Beginning the next answer clears `next_due` of the turn before it in the same transaction, so that any process may look
for due turns, and each is taken up once.
"""

import uuid

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation

from chat import access
from chat.events import hints
from chat.models import ApiKey, Message, Turn
from chat.models.ids import TurnId
from chat.models.transcript.turns import ACTIVE, FINISHED
from chat.operations import rates
from chat.operations.errors import OperationError
from chat.operations.running_turn import new_answer
from chat.operations.turns.accept import retry_turn
from chat.operations.turns.finish import AnswerContent, TurnEnd, end_unowned, keep_answer
from chat.operations.turns.turn_request import AcceptedTurn, TurnRequest

# A choice that is not the person's any more: an assistant or a model that is gone, switched off, or for others.
_GONE = frozenset({"not_found", "assistant_unavailable"})
NOT_OFFERED = "not_offered"


def due_turns(limit: int = 50) -> list[TurnId]:
    """Return ids of ended turns of comparisons whose next answer was not begun, oldest first."""
    due = Turn.objects.filter(next_due=True, status__in=FINISHED)
    return list(due.order_by("created_at", "id").values_list("id", flat=True)[:limit])


def begin_next(turn_id: TurnId) -> AcceptedTurn | None:
    """Begin the next answer of a turn's comparison, as a retry does; None if nothing follows or it was begun already.

    Access, rates and budgets are checked now. Where they refuse, the turn that is returned has failed, with the reason
    as its answer; what follows that turn is begun by another call.
    """
    with transaction.atomic():
        turn = _taken(turn_id)
        if turn is None or not _is_wanted(turn):
            return None
        assert turn.compare_with, "a due turn names who answers next"
        choice, *rest = turn.compare_with
        request = TurnRequest(
            author=turn.author,
            client_id=uuid.uuid5(turn.id, "compare_with"),
            door=turn.door,
            api_key=turn.api_key,
            turn_id=turn.id,
            assistant_id=choice["assistant"],
            model_id=choice["model"],
        )
        # What a refusal says is kept; the person may not be there to choose its language.
        with translation.override(turn.author.language or settings.LANGUAGE_CODE):
            try:
                begun = _retried(request)
            except OperationError as error:
                begun = _refused(request, turn, choice["name"], error)
        begun.turn.compare_with, begun.turn.next_due = rest, bool(rest)
        begun.turn.save(update_fields=["compare_with", "next_due"])
    return begun


def _taken(turn_id: TurnId) -> Turn | None:
    """Return the turn if this call has taken it up; None if another one did, or a person has stopped it."""
    due = Turn.objects.filter(id=turn_id, next_due=True, status__in=FINISHED)
    turn = due.select_related("author", "api_key").first()
    return turn if turn is not None and due.update(next_due=False) else None


def _is_wanted(turn: Turn) -> bool:
    """Return whether the author may still ask and the conversation waits for this answer; locks the conversation.

    It is False when the account or the API key is closed, the conversation is deleted, or a later turn was begun in it.
    The comparison then ends without a message.
    """
    if turn.door == Turn.Door.API:
        key = ApiKey.objects.live().filter(id=turn.api_key_id or access.NO_ROW).first()
        if key is None or not key.allows(ApiKey.Scope.CHAT):
            return False
    reachable = access.reachable_conversations(turn.author).select_for_update(of=("self",))
    if not turn.author.is_active or not reachable.filter(id=turn.conversation_id).exists():
        return False
    later = Q(created_at__gt=turn.created_at) | Q(status__in=ACTIVE)
    return not Turn.objects.filter(later, conversation_id=turn.conversation_id).exists()


def _retried(request: TurnRequest) -> AcceptedTurn:
    rates.count(rates.TURNS, request.author.pk)
    return retry_turn(request)


def _refused(request: TurnRequest, turn: Turn, name: str, error: OperationError) -> AcceptedTurn:
    """Write a failed turn whose empty answer names who was to answer, and whose end says why it was not asked."""
    gone = error.code in _GONE
    end = TurnEnd(
        Turn.Status.FAILED,
        error_code=NOT_OFFERED if gone else error.code,
        detail=name if gone else error.detail,
    )
    failed = Turn.objects.create(
        conversation_id=turn.conversation_id,
        author=turn.author,
        client_id=request.checked_client_id(),
        door=turn.door,
        api_key=turn.api_key,
        user_message=turn.user_message,
        frame_id=turn.frame_id,
        max_tokens=turn.max_tokens,
        output_schema=turn.output_schema,
        requested_length=turn.requested_length,
    )
    empty = AnswerContent([], Message.Status.PARTIAL, model_name=name)
    keep_answer(new_answer(failed, turn.user_message), empty)
    end_unowned(failed, end)
    failed.refresh_from_db()
    hints.publish(turns={str(failed.id): failed.last_seq}, conversations=[str(turn.conversation_id)])
    return AcceptedTurn(failed, turn.user_message, created=True)
