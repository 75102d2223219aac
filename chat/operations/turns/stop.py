"""Stop a turn."""

from django.db import transaction
from django.utils import timezone

from chat import access
from chat.events import hints
from chat.models import Turn, User
from chat.models.ids import TurnId
from chat.operations.errors import not_found
from chat.operations.turns.finish import TurnEnd, end_unowned


def stop_turn(*, user: User, turn_id: object) -> Turn:
    """Request the turn's owner to stop it; a turn without an owner ends at once. Stopping twice changes nothing.

    Raises:
        OperationError: not_found.
    """
    turn = access.find_turn(user, turn_id)
    if turn is None:
        raise not_found()
    request_stop(turn.id)
    turn.refresh_from_db(fields=["status", "stop_requested_at", "finished_at", "last_seq"])
    return turn


def request_stop(turn_id: TurnId) -> None:
    """Request the owner of a turn to stop it; a turn without an owner ends at once. A finished one stays as it is.

    A stop ends the turn's comparison too, also when it comes between two answers.
    """
    with transaction.atomic():
        turn = Turn.objects.select_for_update().get(id=turn_id)
        Turn.objects.active().filter(id=turn.id, stop_requested_at=None).update(
            stop_requested_at=timezone.now()
        )
        Turn.objects.filter(id=turn.id, next_due=True).update(next_due=False, compare_with=None)
        if turn.status in (Turn.Status.QUEUED, Turn.Status.WAITING):
            end_unowned(turn, TurnEnd(Turn.Status.STOPPED))
        hints.publish(stops=[str(turn.id)], conversations=[str(turn.conversation_id)])
