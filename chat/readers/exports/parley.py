"""Parley's own export, version 1 (docs/sharing.md).

It is read as those of others are: what a file says about thinking, tools and sources must not reach a model as if the
provider had written it.
"""

from collections import Counter
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

SOURCE = "parley"
FORMAT = "parley-conversation"
CALLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use", "imported_tool_use"})
_ENCRYPTED = frozenset({"redacted_thinking", "compaction"})


def is_parley(value: dict[str, Any]) -> bool:
    return value.get("format") == FORMAT


def read_parley(value: dict[str, Any]) -> ExportedConversation:
    """Return a conversation of Parley's export."""
    left_out: Counter[tuple[str, str]] = Counter()
    about = mapping(value.get("conversation"))
    files = {identifier(one.get("id")): one for one in mappings(value.get("attachments"))}
    messages = mappings(value.get("messages"))
    results = {
        identifier(part.get("tool_use_id")): part for message in messages for part in _results(message)
    }
    nodes = [
        Node(
            id=identifier(message.get("id")),
            parent=identifier(message.get("parent")) or None,
            role=_role(message),
            blocks=_blocks(message, results, files, left_out),
            at=seconds(message.get("created_at")),
            model=string(message.get("model")),
        )
        for message in messages
    ]
    ordered, leaf = arrange(nodes, about.get("active_leaf"), left_out)
    return ExportedConversation(
        source=SOURCE,
        external_id=identifier(about.get("id")),
        title=string(about.get("title")),
        created_at=seconds(about.get("created_at")),
        nodes=ordered,
        leaf=leaf,
        archived=about.get("archived") is True,
        pinned=about.get("pinned") is True,
        left_out=left_out,
    )


def _role(message: dict[str, Any]) -> str:
    """Return the role; "" for what Parley itself wrote to the model: results, summaries, requests to continue."""
    if message.get("role") == ASSISTANT:
        return ASSISTANT
    return USER if message.get("role") == USER and message.get("kind") == "chat" else ""


def _results(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for part in mappings(message.get("content")) if "tool_use_id" in part]


def _blocks(
    message: dict[str, Any],
    results: dict[str, dict[str, Any]],
    files: dict[str, dict[str, Any]],
    left_out: Counter[tuple[str, str]],
) -> list[Block]:
    blocks: list[Block] = []
    for part in mappings(message.get("content")):
        kind = string(part.get("type"))
        if kind == "text":
            blocks += text_blocks(part.get("text"))
        elif kind == "thinking":
            blocks += thinking_blocks(part.get("thinking"))
        elif kind in CALLS:
            blocks.append(_call(part, results.get(identifier(part.get("id")), {})))
        elif kind in ("image", "document"):
            pointer = identifier(mapping(part.get("source")).get("attachment"))
            name = string(files.get(pointer, {}).get("name")) or string(part.get("title")) or "file"
            blocks.append({"type": "file", "name": name, "pointer": pointer})
        elif kind in _ENCRYPTED:
            left_out["content", "encrypted"] += 1
        elif "tool_use_id" not in part:
            left_out["content", "unknown"] += 1
    return blocks


def _call(part: Block, result: dict[str, Any]) -> Block:
    if part["type"] == "imported_tool_use":
        return tool_block(
            part.get("name"), part.get("input"), string(part.get("result")), failed=bool(part.get("is_error"))
        )
    content = result.get("content")
    shown = (
        content
        if isinstance(content, str)
        else "\n".join(string(one.get("text")) for one in mappings(content))
    )
    return tool_block(part.get("name"), part.get("input"), shown, failed=result.get("is_error") is True)
