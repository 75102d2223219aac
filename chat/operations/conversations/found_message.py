"""Opens a conversation at one of its messages: on its branch, with the page of messages around it."""

import dataclasses

from chat import access
from chat.models import Conversation, Message, User
from chat.models.ids import MessageId
from chat.operations.conversations.edit import choose_leaf
from chat.operations.conversations.thread import PAGE
from chat.operations.errors import OperationError

# Messages that are shown before the one that is looked for, and at least behind it.
ABOVE, BELOW = 10, 10


@dataclasses.dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the active path: up to `leaf_id`, of `length` messages; `goes_on` when the path does below it."""

    leaf_id: MessageId | None
    length: int = PAGE
    goes_on: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Opened:
    """A conversation that is open at a message; `left_leaf_id` is the leaf of the branch that was chosen before.

    `is_elsewhere` says that the message is on another branch, which can't be chosen while an answer is written.
    """

    conversation: Conversation
    message: Message
    stretch: Stretch
    left_leaf_id: MessageId | None = None
    is_elsewhere: bool = False


def open_at(*, user: User, conversation: Conversation, message_id: object) -> Opened | None:
    """Choose the branch of a message and return where it stands; None if the conversation has no such message."""
    message = access.find_message(user, message_id)
    if message is None or message.conversation_id != conversation.id:
        return None
    if Message.objects.path_to(conversation.active_leaf_id).filter(id=message.id).exists():
        return Opened(conversation, message, stretch_around(conversation, message))
    left = conversation.active_leaf_id
    try:
        conversation = choose_leaf(user=user, message_id=message.id)
    except OperationError:
        return Opened(conversation, message, Stretch(left), is_elsewhere=True)
    return Opened(conversation, message, stretch_around(conversation, message), left_leaf_id=left)


def stretch_around(conversation: Conversation, message: Message) -> Stretch:
    """Return the part of the active path around a message of it; the usual page where that has the message."""
    top = max(0, message.depth - ABOVE)
    leaf = conversation.active_leaf
    if leaf is None or leaf.depth - message.depth < PAGE - ABOVE:
        return Stretch(conversation.active_leaf_id)
    return _until_a_turn_ends(conversation, leaf, top=top, below=message.depth + BELOW)


def stretch_below(conversation: Conversation, message: Message) -> Stretch | None:
    """Return the part of the active path that follows a message; None if nothing does."""
    leaf = conversation.active_leaf
    if leaf is None or leaf.depth <= message.depth:
        return None
    return _until_a_turn_ends(conversation, leaf, top=message.depth + 1, below=message.depth + PAGE)


def _until_a_turn_ends(conversation: Conversation, leaf: Message, *, top: int, below: int) -> Stretch:
    """Return the path from a depth on, up to the first end of a turn at another depth or behind it."""
    questions = Message.objects.path_to(leaf.id).filter(
        depth__gt=below, role=Message.Role.USER, kind=Message.Kind.CHAT
    )
    following = questions.values("parent_id", "depth").first()
    if following is None:
        return Stretch(leaf.id, leaf.depth - top + 1)
    return Stretch(following["parent_id"], following["depth"] - top, goes_on=True)
