"""Exports of chat services with invented content, for tests."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

ROOT = "00000000-0000-4000-8000-000000000000"


def zipped(members: Mapping[str, str | bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a ZIP; large members are compressed, whatever is asked for."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in members.items():
            large = zipfile.ZIP_DEFLATED if len(content) > 100_000 else compression
            archive.writestr(name, content, large)
    return target.getvalue()


def claude_message(
    uuid: str, parent: str, text: str, *, human: bool = False, **fields: Any
) -> dict[str, Any]:
    return {
        "uuid": uuid,
        "sender": "human" if human else "assistant",
        "text": text,
        "content": [{"type": "text", "text": text}],
        "attachments": [],
        "files": [],
        "created_at": "2025-03-01T10:00:00Z",
        "parent_message_uuid": parent,
        **fields,
    }


def claude_chat(uuid: str, *texts: str, name: str = "", **fields: Any) -> dict[str, Any]:
    """Return a conversation in which a person and Claude take turns."""
    messages, parent = [], ROOT
    for place, text in enumerate(texts):
        messages.append(claude_message(f"{uuid}-{place}", parent, text, human=place % 2 == 0))
        parent = f"{uuid}-{place}"
    return {
        "uuid": uuid,
        "name": name or f"Chat {uuid}",
        "created_at": "2025-03-01T09:00:00Z",
        "updated_at": "2025-03-01T11:00:00Z",
        "account": {"uuid": "x"},
        "chat_messages": messages,
        **fields,
    }


def claude_zip(chats: Iterable[dict[str, Any]], **members: str | bytes) -> bytes:
    return zipped({"conversations.json": json.dumps(list(chats)), "users.json": "[{}]", **members})
