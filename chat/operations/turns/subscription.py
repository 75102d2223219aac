"""Where a viewer of a conversation begins to read."""

import dataclasses
from typing import Any

from django.utils.translation import gettext as _

from chat import access
from chat.events.store import can_resume
from chat.models import Turn, User
from chat.operations.errors import invalid, not_found

MAX_SEQ = 2**31 - 1


@dataclasses.dataclass(frozen=True, slots=True)
class Subscription:
    """Where a viewer begins: frames of `turn_id` after `after`, or a refresh when events can't bring it there.

    `later_id` is the turn that is active now, when it is another one.
    """

    conversation_id: Any
    turn_id: Any = None
    after: int = 0
    refresh: bool = False
    later_id: Any = None


def subscribe(user: User, command: dict[str, Any]) -> Subscription:
    """subscribe: to one turn after a seq, or to a conversation with the active turn from its beginning.

    Raises:
        OperationError: not_found, invalid.
    """
    conversation = access.find_conversation(user, command.get("conversation"))
    if conversation is None:
        raise not_found()
    after = command.get("after") or 0
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after <= MAX_SEQ:
        raise invalid(_("`after` must be the last sequence number that you received."))
    active = Turn.objects.active().filter(conversation=conversation).values_list("id", flat=True).first()
    if command.get("turn") is None:
        return Subscription(conversation.id, active)
    turn = access.find_turn(user, command["turn"])
    if turn is None or turn.conversation_id != conversation.id:
        raise not_found()
    later = active if active != turn.id else None
    if not can_resume(turn, after):
        return Subscription(conversation.id, turn.id, after, refresh=True, later_id=later)
    if turn.finished and after == turn.last_seq:
        return Subscription(conversation.id, later)  # nothing more will come of the one that was asked for
    return Subscription(conversation.id, turn.id, after, later_id=later)
