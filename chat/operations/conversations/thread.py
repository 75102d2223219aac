"""Read a page of a conversation: its messages with versions, tool calls and files."""

from chat import access
from chat.events.store import stored_state
from chat.models import Attachment, Conversation, LanguageModel, Message, ToolCall, Turn
from chat.models.ids import MessageId
from chat.models.transcript.conversations import MessageQuerySet
from chat.operations.errors import not_found
from chat.presentation.thread import Thread

# About seven screens of a phone; earlier pages are read as one scrolls up.
PAGE = 20
# A page shows the name of the model that answered and its fallback. All else would be read again with each message.
_SHOWN_OF_MODELS = frozenset({"id", "display_name", "fallback"})
_UNSHOWN = [
    f"turn__model__{field.name}"
    for field in LanguageModel._meta.concrete_fields
    if field.name not in _SHOWN_OF_MODELS
]


def read_thread(
    conversation: Conversation,
    *,
    leaf: object = None,
    before: object = None,
    limit: int = PAGE,
    whole_turns: bool = False,
) -> Thread:
    """Return one page of the path to `leaf` (else to the active leaf), or of the messages above `before`.

    With `whole_turns` it begins with the first message of a turn, however many messages that takes.

    Raises:
        OperationError: not_found, when leaf or before is not a message of this conversation.
    """
    start, followed_by = _page_start(conversation, leaf, before)
    found = list(_with_models(Message.objects.path_to(start, limit + 1))) if start else []
    messages, has_more = found[-limit:], len(found) > limit
    if whole_turns and has_more and found[-limit - 1].turn_id is not None:
        messages = _rest_of_turn(above=messages[0]) + messages
    active = Turn.objects.active().filter(conversation=conversation)
    turn = active.select_related("model").first() if active.exists() else None  # mostly there is none
    return Thread(
        conversation=conversation,
        messages=messages,
        has_more=has_more,
        siblings=_siblings(conversation, messages),
        tool_calls=_tool_calls(messages),
        active_turn=turn,
        state=stored_state(turn.id) if turn else None,
        followed_by=followed_by,
        files=Attachment.objects.by_message(row.id for row in messages if row.has_files),
    )


def _page_start(conversation: Conversation, leaf: object, before: object) -> tuple[MessageId | None, str]:
    """Return the lowest message of a page, and the kind of the message below it on an earlier page."""
    wanted = before if before is not None else leaf
    if wanted is None:
        return conversation.active_leaf_id, ""
    message = conversation.messages.filter(id=access.as_id(wanted)).values("id", "parent_id", "kind").first()
    if message is None:
        raise not_found()
    return (message["parent_id"], message["kind"]) if before is not None else (message["id"], "")


def _rest_of_turn(*, above: Message) -> list[Message]:
    """Return the messages of the same turn that stand above a message."""
    if above.turn_id is None:
        return []
    return list(_with_models(Message.objects.path_to(above.parent_id).filter(turn=above.turn_id)))


def _with_models(rows: MessageQuerySet) -> MessageQuerySet:
    return rows.select_related("turn__model").defer(*_UNSHOWN)


def _siblings(conversation: Conversation, messages: list[Message]) -> dict[MessageId, list[MessageId]]:
    """Map each message to the ids of all versions at its place (itself included), oldest first."""
    parents = [message.parent_id for message in messages if message.parent_id]
    rows = (
        Message.objects.filter(parent_id__in=parents)
        .order_by("created_at", "id")
        .values_list("parent_id", "id")
    )
    groups: dict[MessageId | None, list[MessageId]] = {}
    for parent, identifier in rows:
        groups.setdefault(parent, []).append(identifier)
    if any(message.parent_id is None for message in messages):
        roots = conversation.messages.filter(parent=None).order_by("created_at", "id")
        groups[None] = list(roots.values_list("id", flat=True))
    return {message.id: groups.get(message.parent_id, [message.id]) for message in messages}


def _tool_calls(messages: list[Message]) -> dict[MessageId, dict[str, ToolCall]]:
    answers = [message.id for message in messages if message.has_tool_uses]
    found: dict[MessageId, dict[str, ToolCall]] = {}
    if not answers:
        return found
    rows = ToolCall.objects.filter(message_id__in=answers).select_related("tool").order_by("position", "id")
    for row in rows:
        found.setdefault(row.message_id, {})[row.tool_use_id] = row
    return found
