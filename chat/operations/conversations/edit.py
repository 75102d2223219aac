"""Conversations: making, naming, sorting, deleting and reading them. No query grows with a chat's length."""

import dataclasses
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from chat import access
from chat.claude.text import clean_text
from chat.events import payloads
from chat.events.payloads import TurnState
from chat.events.store import stored_frames
from chat.models import ApiCall, Attachment, Conversation, Message, ToolCall, Turn, TurnEvent, User
from chat.operations.conversations.selection import choose
from chat.operations.errors import OperationError, invalid, not_found

# A dozen screens of a phone; what is above comes when asked for.
PAGE = 40


@dataclasses.dataclass(slots=True)
class Thread:
    """A page of the path to a leaf, oldest first.

    `siblings` has, per message id, the ids of all versions at its place; `calls` the ledger row of each answer;
    `tool_calls`, per message id, the tool calls that the answer asked for, by their tool_use id in call order;
    `files` the attachments of each message that has any, by id.
    """

    conversation: Conversation
    messages: list[Message]
    has_more: bool
    siblings: dict[Any, list[Any]]
    calls: dict[Any, ApiCall]
    tool_calls: dict[Any, dict[str, ToolCall]]
    active_turn: Turn | None
    state: TurnState | None
    files: dict[Any, dict[str, Attachment]] = dataclasses.field(default_factory=dict)


def create_conversation(
    *, owner: User, title: str = "", assistant_id: object = None, model_id: object = None
) -> Conversation:
    """Begin an empty conversation.

    Raises:
        OperationError: not_found (assistant or model), too_long (title).
    """
    conversation = Conversation(owner=owner)
    _apply(conversation, owner, {"title": title or None, "assistant_id": assistant_id, "model_id": model_id})
    conversation.save()
    return conversation


def update_conversation(*, user: User, conversation_id: object, **changes: Any) -> Conversation:
    """Change what is given of: title, pinned, archived, assistant_id, model_id; a model alone drops the assistant.

    Raises:
        OperationError: not_found, invalid.
    """
    with transaction.atomic():
        conversation = _own(user, conversation_id)
        _apply(conversation, user, changes)
        conversation.save()
        payloads.publish(conversations=[str(conversation.id)])
    return conversation


def delete_conversation(*, user: User, conversation_id: object) -> None:
    """Delete a conversation with its messages; ledger rows stay. A running turn is stopped first.

    Raises:
        OperationError: not_found, busy (an answer is still being written; it was asked to stop).
    """
    with transaction.atomic():
        conversation = _own(user, conversation_id)
        if Turn.objects.active().filter(conversation=conversation).exists():
            raise OperationError("busy", _("Stop the answer that is being written, then delete."), status=409)
        _delete_rows(conversation)
        payloads.publish(conversations=[str(conversation.id)])


def choose_leaf(*, user: User, message_id: object) -> Conversation:
    """Show the branch that a message is on: the newest leaf below it becomes the active one.

    Raises:
        OperationError: not_found, busy.
    """
    message = access.find_message(user, message_id)
    if message is None:
        raise not_found()
    with transaction.atomic():
        conversation = _own(user, message.conversation_id)
        if Turn.objects.active().filter(conversation=conversation).exists():
            raise OperationError("busy", _("An answer is being written; wait for its end."), status=409)
        conversation.active_leaf_id = _newest_leaf_below(message)
        conversation.save()
        payloads.publish(conversations=[str(conversation.id)])
    return conversation


def thread(
    conversation: Conversation, *, leaf: object = None, before: object = None, limit: int = PAGE
) -> Thread:
    """Read one page of the path to `leaf` (else the active leaf), or of what stands above message `before`.

    Raises:
        OperationError: not_found, when leaf or before is not a message of this conversation.
    """
    start = _page_start(conversation, leaf, before)
    identifiers = _path_up(start, limit + 1) if start else []
    page, has_more = identifiers[:limit], len(identifiers) > limit
    rows = Message.objects.filter(id__in=page).select_related("turn__model").in_bulk()
    messages = [rows[identifier] for identifier in reversed(page)]
    turn = Turn.objects.active().filter(conversation=conversation).select_related("model").first()
    return Thread(
        conversation=conversation,
        messages=messages,
        has_more=has_more,
        siblings=_siblings(conversation, messages),
        calls=_calls(messages),
        tool_calls=_tool_calls(messages),
        active_turn=turn,
        state=TurnState.of(stored_frames(turn.id)) if turn else None,
        files=Attachment.objects.by_message(row.id for row in messages if has_files(row)),
    )


def has_files(message: Message) -> bool:
    """Say whether a message refers to attachments, by its content alone."""
    return any(block.get("type") in ("image", "document") for block in message.content)


def path_ids(message: Message) -> list[Any]:
    """Return the ids of a message and all above it, upwards (one query)."""
    return _path_up(message.id, message.depth + 1)


def answer_above(message: Message) -> Any:
    """Return the id of the nearest answer at or above a message; the root's where there is none (one query)."""
    return _walk(
        "SELECT id, parent_id, 1 FROM {table} WHERE id = %s",
        "SELECT m.id, m.parent_id, walk.step + 1 FROM {table} m JOIN walk ON m.id = walk.parent_id"
        " JOIN {table} below ON below.id = walk.id WHERE below.role <> %s",
        "SELECT id FROM walk ORDER BY step DESC LIMIT 1",
        [_stored(message.id), Message.Role.ASSISTANT.value],
    )[0]


def path_to(message: Message) -> list[Message]:
    """Return the whole path from the root to a message, as a request needs it (two queries; none for a root)."""
    if message.parent_id is None:
        return [message]
    identifiers = path_ids(message)
    rows = Message.objects.filter(id__in=identifiers).in_bulk()
    return [rows[identifier] for identifier in reversed(identifiers)]


def _apply(conversation: Conversation, user: User, changes: dict[str, Any]) -> None:
    if (title := changes.get("title")) is not None:
        title = " ".join(clean_text(str(title)).split())
        if not title or len(title) > 200:
            raise invalid(_("A title has 1 to 200 characters."))
        conversation.title, conversation.title_status = title, Conversation.TitleStatus.DONE
    for name in ("pinned", "archived"):
        if changes.get(name) is not None:
            setattr(conversation, name, bool(changes[name]))
    choose(conversation, user, changes.get("assistant_id"), changes.get("model_id"))


def _own(user: User, conversation_id: object) -> Conversation:
    found = (
        access.conversations(user).select_for_update(of=("self",)).filter(id=access.as_id(conversation_id))
    )
    conversation = found.first()
    if conversation is None:
        raise not_found()
    return conversation


def _delete_rows(conversation: Conversation) -> None:
    """Delete a conversation in as many statements for a thousand messages as for one.

    A queryset's own `delete` would load the rows and go through them in portions; what points here is known, and
    the database checks all references at commit.
    """
    own = {"conversation": conversation}
    ApiCall.objects.filter(**own).update(conversation=None, turn=None, message=None)
    Conversation.objects.filter(id=conversation.id).update(active_leaf=None)
    TurnEvent.objects.filter(turn__conversation=conversation).delete()
    ToolCall.objects.filter(turn__conversation=conversation).delete()
    links = Attachment.messages.through.objects.filter(message__conversation=conversation)
    for rows in (links, Turn.objects.filter(**own), Message.objects.filter(**own)):
        rows._raw_delete(rows.db)
    conversation.delete()


def _page_start(conversation: Conversation, leaf: object, before: object) -> Any:
    wanted = before if before is not None else leaf
    if wanted is None:
        return conversation.active_leaf_id
    message = conversation.messages.filter(id=access.as_id(wanted)).values("id", "parent_id").first()
    if message is None:
        raise not_found()
    return message["parent_id"] if before is not None else message["id"]


def _path_up(message_id: Any, limit: int) -> list[Any]:
    """Return ids from a message upwards, at most `limit`, in one recursive query."""
    return _walk(
        "SELECT id, parent_id, 1 FROM {table} WHERE id = %s",
        "SELECT m.id, m.parent_id, walk.step + 1 FROM {table} m JOIN walk ON m.id = walk.parent_id"
        " WHERE walk.step < %s",
        "SELECT id FROM walk ORDER BY step",
        [_stored(message_id), limit],
    )


def _newest_leaf_below(message: Message) -> Any:
    """Return the newest message without children among a message and its descendants."""
    newest = _walk(
        "SELECT id, created_at, 1 FROM {table} WHERE id = %s",
        "SELECT m.id, m.created_at, walk.step + 1 FROM {table} m JOIN walk ON m.parent_id = walk.id",
        "SELECT id FROM walk WHERE NOT EXISTS (SELECT 1 FROM {table} c WHERE c.parent_id = walk.id)"
        " ORDER BY created_at DESC, step DESC, id DESC LIMIT 1",
        [_stored(message.id)],
    )
    return newest[0]


def _walk(start: str, step: str, pick: str, parameters: list[Any]) -> list[Any]:
    """Run one recursive query over the tree of messages and return the ids it picks."""
    table = connection.ops.quote_name(Message._meta.db_table)
    second = "created_at" if "created_at" in start else "parent_id"
    query = f"WITH RECURSIVE walk(id, {second}, step) AS ({start} UNION ALL {step}) {pick}"
    with connection.cursor() as cursor:
        cursor.execute(query.format(table=table), parameters)
        return [Message._meta.pk.to_python(row[0]) for row in cursor.fetchall()]


def _stored(identifier: Any) -> Any:
    return Message._meta.pk.get_db_prep_value(identifier, connection)


def _siblings(conversation: Conversation, messages: list[Message]) -> dict[Any, list[Any]]:
    """Map each message to the ids of all versions at its place (itself included), oldest first."""
    parents = [message.parent_id for message in messages if message.parent_id]
    rows = (
        Message.objects.filter(parent_id__in=parents)
        .order_by("created_at", "id")
        .values_list("parent_id", "id")
    )
    groups: dict[Any, list[Any]] = {}
    for parent, identifier in rows:
        groups.setdefault(parent, []).append(identifier)
    if any(message.parent_id is None for message in messages):
        roots = conversation.messages.filter(parent=None).order_by("created_at", "id")
        groups[None] = list(roots.values_list("id", flat=True))
    return {message.id: groups.get(message.parent_id, [message.id]) for message in messages}


def _calls(messages: list[Message]) -> dict[Any, ApiCall]:
    """Map each answer to the ledger row that paid for it; the last one where attempts were repeated."""
    answers = [message.id for message in messages if message.role == Message.Role.ASSISTANT]
    rows = ApiCall.objects.filter(message_id__in=answers).order_by("started_at", "id")
    return {row.message_id: row for row in rows}


def _tool_calls(messages: list[Message]) -> dict[Any, dict[str, ToolCall]]:
    answers = [message.id for message in messages if message.role == Message.Role.ASSISTANT]
    found: dict[Any, dict[str, ToolCall]] = {}
    rows = ToolCall.objects.filter(message_id__in=answers).select_related("tool").order_by("position", "id")
    for row in rows:
        found.setdefault(row.message_id, {})[row.tool_use_id] = row
    return found
