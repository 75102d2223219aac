"""Claude's export: `conversations.json`, an array of conversations with all their branches.

`text` of a message may hold a placeholder, so `content` counts where there is any. Old exports have no parents: their
messages follow one another.
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
from chat.readers.exports.values import fenced, identifier, mapping, mappings, seconds, string

SOURCE = "claude"
ROOT = "00000000-0000-4000-8000-000000000000"
PASTED = "Pasted text.txt"
_ROLES = {"human": USER, "assistant": ASSISTANT}
_LEFT_ALONE = frozenset({"flag", "token_budget"})


def is_claude(value: dict[str, Any]) -> bool:
    return "chat_messages" in value


def read_claude(value: dict[str, Any]) -> ExportedConversation:
    """Return a conversation of Claude's export."""
    left_out: Counter[tuple[str, str]] = Counter()
    nodes: list[Node] = []
    for message in mappings(value.get("chat_messages")):
        previous = nodes[-1].id if nodes else None
        parent = identifier(message["parent_message_uuid"]) if "parent_message_uuid" in message else previous
        nodes.append(
            Node(
                id=identifier(message.get("uuid")) or f"place:{len(nodes)}",
                parent=None if parent in ("", ROOT) else parent,
                role=_ROLES.get(string(message.get("sender")), ""),
                blocks=_files(message, left_out) + _blocks(message, left_out),
                at=seconds(message.get("created_at")),
            )
        )
    ordered, leaf = arrange(nodes, value.get("current_leaf_message_uuid"), left_out)
    return ExportedConversation(
        source=SOURCE,
        external_id=identifier(value.get("uuid")),
        title=string(value.get("name")),
        created_at=seconds(value.get("created_at")),
        nodes=ordered,
        leaf=leaf,
        pinned=value.get("is_starred") is True,
        left_out=left_out,
    )


def _files(message: dict[str, Any], left_out: Counter[tuple[str, str]]) -> list[Block]:
    files: list[Block] = []
    named: set[str] = set()
    for one in mappings(message.get("attachments")):
        name, content = string(one.get("file_name")), string(one.get("extracted_content"))
        named.add(name)
        if content.strip():
            files.append({"type": "file", "name": name or PASTED, "text": content})
        else:
            files.append({"type": "file", "name": name or "file"})
    files += [
        {"type": "file", "name": string(one.get("file_name")) or "file"}
        for one in mappings(message.get("files"))
        if string(one.get("file_name")) not in named
    ]
    left_out["file", "not_in_export"] += sum("text" not in file for file in files)
    return files


def _blocks(message: dict[str, Any], left_out: Counter[tuple[str, str]]) -> list[Block]:
    if not mappings(message.get("content")):
        return text_blocks(message.get("text"))
    blocks: list[Block] = []
    calls: dict[str, Block] = {}
    for part in mappings(message["content"]):
        match part.get("type"):
            case "text":
                blocks += text_blocks(part.get("text"))
            case "thinking":
                blocks += thinking_blocks(part.get("thinking"))
            case "tool_use":
                call = _call(part)
                calls[identifier(part.get("id"))] = call
                blocks.append(call)
            case "tool_result":
                _add_result(part, calls, blocks)
            case "voice_note":
                blocks += text_blocks(part.get("text"))
            case kind if kind not in _LEFT_ALONE:
                left_out["content", "unknown"] += 1
    return blocks


def _call(part: dict[str, Any]) -> Block:
    """Return a tool call; what made a whole document (an artifact or a file) is its text, so that models read it."""
    given = mapping(part.get("input"))
    content = string(given.get("content")) or string(given.get("file_text"))
    made = part.get("name") == "create_file" or (
        part.get("name") == "artifacts" and given.get("command") in ("create", "rewrite")
    )
    if not (made and content.strip()):
        return tool_block(part.get("name"), part.get("input"))
    title = string(given.get("title")) or string(given.get("path")) or "Artifact"
    language = string(given.get("language")) or {"text/markdown": "markdown", "text/html": "html"}.get(
        string(given.get("type")), ""
    )
    return {"type": "text", "text": f"**{title}**\n\n{fenced(content, language)}"}


def _add_result(part: dict[str, Any], calls: dict[str, Block], blocks: list[Block]) -> None:
    content = part.get("content")
    result = (
        content
        if isinstance(content, str)
        else "\n".join(string(one.get("text")) for one in mappings(content))
    )
    failed = part.get("is_error") is True
    call = calls.get(identifier(part.get("tool_use_id")))
    if call is None:
        blocks.append(tool_block(part.get("name"), None, result, failed=failed))
    elif call["type"] == "imported_tool_use":
        call["result"], call["is_error"] = result, failed
