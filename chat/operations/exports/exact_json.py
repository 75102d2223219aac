"""Parley's own export of a conversation: every message of every branch, its content byte by byte as it is stored."""

import json
from collections.abc import Iterator
from typing import IO, Any

from django.db.models import F, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from chat.models import Conversation, Message

FORMAT, VERSION = "parley-conversation", 1
PIECE = 50
# Columns with JSON are written as the text that they are, so that no digit and no order of keys changes.
_EXACT = ("content", "stop_details", "thinking_seconds")


def write_exact_json(conversation: Conversation, target: IO[bytes]) -> None:
    """Write the conversation as JSON, one message a line."""
    head = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": timezone.now().isoformat(),
        "conversation": {"id": str(conversation.id), "title": conversation.title},
    }
    text = json.dumps(head, ensure_ascii=False, indent=1)
    target.write(text.removesuffix("\n}").encode() + b',\n "messages": [')
    between = b"\n"
    for line in _lines(conversation):
        target.write(between + line.encode())
        between = b",\n"
    target.write(b"\n ]\n}\n")


def _lines(conversation: Conversation) -> Iterator[str]:
    rows = (
        Message.objects.filter(conversation=conversation)
        .annotate(**{f"exact_{name}": Cast(F(name), TextField()) for name in _EXACT})
        .defer(*_EXACT, "text")
        .order_by("depth", "created_at", "id")
    )
    for row in rows.iterator(chunk_size=PIECE):
        yield _line(row)


def _line(row: Any) -> str:
    fields = {
        "id": str(row.id),
        "parent": str(row.parent_id) if row.parent_id else None,
        "role": row.role,
        "kind": row.kind,
        "status": row.status,
        "created_at": row.created_at.isoformat(),
        "model": row.model_name,
        "stop_reason": row.stop_reason,
        "context": row.context,
    }
    text = json.dumps(fields, ensure_ascii=False).removesuffix("}")
    exact = "".join(f', "{name}": {getattr(row, f"exact_{name}") or "null"}' for name in _EXACT)
    return text + exact + "}"
