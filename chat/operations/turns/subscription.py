"""Where a viewer begins to read: resumption of a turn's events, and subscriptions to conversations."""

import dataclasses
import enum
from collections.abc import Sequence

from django.utils.translation import gettext as _

from chat import access
from chat.events.store import can_resume
from chat.models import Turn, User
from chat.models.ids import ConversationId, TurnId
from chat.operations.errors import OperationError, invalid, not_found
from chat.operations.turns.turn_request import TurnRequest

MAX_SEQ = 2**31 - 1


class Resumption(enum.Enum):
    """How a viewer that has a turn's frames up to a seq goes on."""

    FOLLOW = "follow"  # the frames after it can be sent
    REFRESH = "refresh"  # they can't be sent without a hole: the viewer has to read the messages again
    COMPLETE = "complete"  # the turn has ended and the viewer has all its frames


def resumption(turn: Turn, after: int) -> Resumption:
    """Return how a viewer that has the frames of a turn up to `after` goes on."""
    if not can_resume(turn, after):
        return Resumption.REFRESH
    return Resumption.COMPLETE if turn.finished and after == turn.last_seq else Resumption.FOLLOW


@dataclasses.dataclass(frozen=True, slots=True)
class Subscription:
    """Where a viewer begins: frames of `turn_id` after `after`, or a refresh when it can't resume there.

    `later_id` is the turn that is active now, when it is another one.
    """

    conversation_id: ConversationId
    turn_id: TurnId | None = None
    after: int = 0
    refresh: bool = False
    later_id: TurnId | None = None


def subscribe(
    user: User, *, conversation_id: object, turn_id: object = None, after: object = None
) -> Subscription:
    """Subscribe to one turn after a seq, or to a conversation with its active turn from the beginning.

    Raises:
        OperationError: not_found, invalid (`after` is not a seq).
    """
    conversation = access.find_conversation(user, conversation_id)
    if conversation is None:
        raise not_found()
    after = after or 0
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after <= MAX_SEQ:
        raise invalid(_("`after` must be the last sequence number that you received."))
    active = Turn.objects.active().filter(conversation=conversation).values_list("id", flat=True).first()
    if turn_id is None:
        return Subscription(conversation.id, active)
    turn = access.find_turn(user, turn_id)
    if turn is None or turn.conversation_id != conversation.id:
        raise not_found()
    later = active if active != turn.id else None
    how = resumption(turn, after)
    if how == Resumption.COMPLETE:
        return Subscription(conversation.id, later)
    return Subscription(conversation.id, turn.id, after, refresh=how == Resumption.REFRESH, later_id=later)


def conversation_to_leave(request: TurnRequest, watched: Sequence[ConversationId]) -> ConversationId | None:
    """Return which of the `watched` conversations, longest watched first, makes room for the one of a new turn.

    None when the turn's own is among them, also because its client id had started a turn there before.

    Raises:
        OperationError: invalid (an answer is being written in each of them).
    """
    if _conversation_of(request) in watched:
        return None
    active = Turn.objects.active().filter(conversation_id__in=watched)
    busy = set(active.values_list("conversation_id", flat=True))
    for conversation_id in watched:
        if conversation_id not in busy:
            return conversation_id
    raise too_many_conversations()


def too_many_conversations() -> OperationError:
    return invalid(
        _("This socket is subscribed to too many conversations. Unsubscribe from some of them first.")
    )


def too_many_connections() -> OperationError:
    return OperationError(
        "too_many_connections",
        _("You have too many connections to Parley open. Close some of its pages or programs."),
        status=429,
    )


def _conversation_of(request: TurnRequest) -> ConversationId | None:
    """Return the id of the conversation of a turn that is asked for, as far as it exists yet."""
    known = Turn.objects.filter(author=request.author, client_id=access.as_id(request.client_id)).first()
    turn = known or access.find_turn(request.author, request.turn_id)
    return turn.conversation_id if turn else access.as_id(request.conversation_id)
