"""The path of a conversation: from a message up to its root, and down to its newest leaf, in recursive queries."""

from typing import Any

from django.db import connection

from chat.models import Message


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


def _path_up(message_id: Any, limit: int) -> list[Any]:
    """Return ids from a message upwards, at most `limit`, in one recursive query."""
    return _walk(
        "SELECT id, parent_id, 1 FROM {table} WHERE id = %s",
        "SELECT m.id, m.parent_id, walk.step + 1 FROM {table} m JOIN walk ON m.id = walk.parent_id"
        " WHERE walk.step < %s",
        "SELECT id FROM walk ORDER BY step",
        [_stored(message_id), limit],
    )


def newest_leaf_below(message: Message) -> Any:
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
