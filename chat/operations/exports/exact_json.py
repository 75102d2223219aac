"""Parley's own export (docs/sharing.md): every message of every branch, its content byte by byte as it is stored."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.db.models import F, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from chat.models import Attachment, Conversation, Message
from chat.operations.conversations.rows import read_in_pieces
from chat.operations.files.storage import open_stored
from chat.readers.exports.parley import FORMAT

VERSION = 1
JSON_NAME = "conversation.json"
# Columns with JSON are written as the text that they are, so that no digit and no order of keys changes.
_EXACT = ("content", "stop_details", "thinking_seconds")


def write_exact_json(conversation: Conversation, target: IO[bytes]) -> None:
    """Write the conversation as JSON, one message a line."""
    _write(conversation, target, _attachments(conversation), with_files=False)


def write_archive(conversation: Conversation, target: IO[bytes]) -> None:
    """Write a ZIP with the same JSON and the bytes of the uploads; a file that the storage has lost is left out."""
    attachments = _attachments(conversation)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for attachment in attachments:
            try:
                source = open_stored(attachment.original)
            except OSError:
                continue
            with source, archive.open(_path(attachment), "w", force_zip64=True) as member:
                shutil.copyfileobj(source, member)
        with archive.open(JSON_NAME, "w", force_zip64=True) as member:
            _write(conversation, member, attachments, with_files=True)


def _write(
    conversation: Conversation, target: IO[bytes], attachments: list[Attachment], *, with_files: bool
) -> None:
    head = {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": timezone.now().isoformat(),
        "conversation": _about(conversation),
        "attachments": [_attachment(one, with_file=with_files) for one in attachments],
    }
    text = json.dumps(head, ensure_ascii=False, indent=1)
    target.write(text.removesuffix("\n}").encode() + b',\n "messages": [')
    between = b"\n"
    for line in _lines(conversation, attachments):
        target.write(between + line.encode())
        between = b",\n"
    target.write(b"\n ]\n}\n")


def _about(conversation: Conversation) -> dict[str, Any]:
    assistant, model = conversation.assistant, conversation.model
    return {
        "id": str(conversation.id),
        "title": conversation.title,
        "created_at": conversation.created_at.isoformat(),
        "last_message_at": conversation.last_message_at.isoformat(),
        "pinned": conversation.pinned,
        "archived": conversation.archived,
        "assistant": assistant.name if assistant else None,
        "model": model.model_id if model else None,
        "active_leaf": str(conversation.active_leaf_id) if conversation.active_leaf_id else None,
    }


def _attachments(conversation: Conversation) -> list[Attachment]:
    own = Attachment.objects.filter(messages__conversation=conversation).select_related("original")
    return list(own.distinct().order_by("created_at", "id"))


def _attachment(attachment: Attachment, *, with_file: bool) -> dict[str, Any]:
    return {
        "id": str(attachment.id),
        "name": attachment.name,
        "kind": attachment.kind,
        "media_type": attachment.original.media_type,
        "size_bytes": attachment.original.size_bytes,
        "sha256": attachment.original.digest,
        "width": attachment.width,
        "height": attachment.height,
        "pages": attachment.pages,
        **({"file": _path(attachment)} if with_file else {}),
    }


def _path(attachment: Attachment) -> str:
    """Return a member's name; it begins with an id, so that no name of a file leads anywhere."""
    extension = attachment.name.rpartition(".")[2]
    return f"files/{attachment.id}" + (f".{extension}" if extension.isalnum() and len(extension) < 10 else "")


def _lines(conversation: Conversation, attachments: list[Attachment]) -> Iterator[str]:
    links = Attachment.messages.through.objects.filter(message__conversation=conversation)
    files: dict[Any, list[str]] = {}
    for message_id, attachment_id in links.values_list("message_id", "attachment_id") if attachments else ():
        files.setdefault(message_id, []).append(str(attachment_id))
    rows = (
        Message.objects.filter(conversation=conversation)
        .annotate(**{f"exact_{name}": Cast(F(name), TextField()) for name in _EXACT})
        .defer(*_EXACT, "text")
        .order_by("depth", "created_at", "id")
    )
    for row in read_in_pieces(rows):
        yield _line(row, files.get(row.id, []))


def _line(row: Any, files: list[str]) -> str:
    fields = {
        "id": str(row.id),
        "parent": str(row.parent_id) if row.parent_id else None,
        "role": row.role,
        "kind": row.kind,
        "status": row.status,
        "created_at": row.created_at.isoformat(),
        "turn": str(row.turn_id) if row.turn_id else None,
        "model": row.model_name,
        "stop_reason": row.stop_reason,
        "requested_length": row.requested_length,
        "context": row.context,
        "attachments": files,
    }
    text = json.dumps(fields, ensure_ascii=False).removesuffix("}")
    exact = "".join(f', "{name}": {getattr(row, f"exact_{name}") or "null"}' for name in _EXACT)
    return text + exact + "}"
