"""LibreChat's export: one conversation a file, its messages in a list or (`recursive`) as a tree."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chat.readers.exports.conversation import (
    ASSISTANT,
    USER,
    Block,
    ExportedConversation,
    Node,
    arrange,
    text_blocks,
    thinking_blocks,
    tool_block,
)
from chat.readers.exports.values import identifier, mapping, mappings, seconds, string

SOURCE = "librechat"
ROOT = "00000000-0000-0000-0000-000000000000"


def is_librechat(value: dict[str, Any]) -> bool:
    messages = value.get("messages") or value.get("messagesTree")
    return "conversationId" in value and isinstance(messages, list)


def read_librechat(value: dict[str, Any]) -> ExportedConversation:
    """Return a conversation of LibreChat's export."""
    left_out: Counter[tuple[str, str]] = Counter()
    listed = mappings(value.get("messages") or value.get("messagesTree"))
    default_model = string(mapping(value.get("options")).get("model"))
    nodes = [
        Node(
            id=identifier(message.get("messageId")) or f"place:{place}",
            parent=parent,
            role=USER if message.get("isCreatedByUser") else ASSISTANT,
            blocks=_files(message, left_out) + _blocks(message, left_out),
            at=seconds(message.get("createdAt")),
            model="" if message.get("isCreatedByUser") else string(message.get("model")) or default_model,
        )
        for place, (message, parent) in enumerate(_flattened(listed))
    ]
    ordered, leaf = arrange(nodes, None, left_out)
    return ExportedConversation(
        source=SOURCE,
        external_id=identifier(value.get("conversationId")),
        title=string(value.get("title")),
        created_at=next((node.at for node in ordered if node.at), seconds(value.get("exportAt"))),
        nodes=ordered,
        leaf=leaf,
        left_out=left_out,
    )


def _flattened(listed: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Yield each message with its parent's id, those of a tree too."""
    waiting: list[tuple[dict[str, Any], str | None]] = [(one, None) for one in reversed(listed)]
    while waiting:
        message, above = waiting.pop()
        named = identifier(message.get("parentMessageId"))
        yield message, above or (None if named in ("", ROOT) else named)
        own = identifier(message.get("messageId"))
        waiting += [(child, own) for child in reversed(mappings(message.get("children")))]


def _files(message: dict[str, Any], left_out: Counter[tuple[str, str]]) -> list[Block]:
    files = mappings(message.get("files"))
    left_out["file", "not_in_export"] += len(files)
    return [{"type": "file", "name": string(one.get("filename")) or "file"} for one in files]


def _blocks(message: dict[str, Any], left_out: Counter[tuple[str, str]]) -> list[Block]:
    parts = mappings(message.get("content"))
    if not parts:
        return _old_text(string(message.get("text")))
    blocks: list[Block] = []
    for part in parts:
        match part.get("type"):
            case "text":
                told = part.get("text")
                blocks += text_blocks(mapping(told).get("value") if isinstance(told, dict) else told)
            case "think":
                blocks += thinking_blocks(part.get("think"))
            case "tool_call":
                call = mapping(part.get("tool_call"))
                blocks.append(
                    tool_block(call.get("name"), _given(call.get("args")), string(call.get("output")))
                )
            case "error":
                blocks += text_blocks(part.get("error"))
            case "image_file" | "image_url":
                left_out["file", "not_in_export"] += 1
            case _:
                left_out["content", "unknown"] += 1
    return blocks


def _given(value: object) -> object:
    """Return a call's arguments, which older versions wrote as JSON in a text."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return {"input": value}


def _old_text(value: str) -> list[Block]:
    """Return the blocks of a text that begins with its thinking between colons, as older versions wrote it."""
    if value.startswith(":::thinking\n") and "\n:::" in value:
        thought, _mark, rest = value.removeprefix(":::thinking\n").partition("\n:::")
        return thinking_blocks(thought) + text_blocks(rest.strip())
    return text_blocks(value)
