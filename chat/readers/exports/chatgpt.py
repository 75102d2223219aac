"""ChatGPT's export: `conversations.json`, or `conversations-000.json` and more, each an array.

A conversation is a map of nodes. Metadata, models, times and lists of children may be missing, and hidden nodes
(system messages, the person's instructions) stand between those that people see.
"""

import json
import re
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

SOURCE = "chatgpt"
# Marks of citations in the text, which only ChatGPT's own page can resolve.
_MARK = re.compile("\ue200[^\ue201]*\ue201")
_HIDDEN = frozenset({"user_editable_context", "model_editable_context", "reasoning_recap"})


def is_chatgpt(value: dict[str, Any]) -> bool:
    return isinstance(value.get("mapping"), dict)


def read_chatgpt(value: dict[str, Any]) -> ExportedConversation:
    """Return a conversation of ChatGPT's export."""
    left_out: Counter[tuple[str, str]] = Counter()
    entries = {key: mapping(entry) for key, entry in value["mapping"].items()}
    above = {identifier(child): key for key, entry in entries.items() for child in _children(entry)}
    default_model = string(value.get("default_model_slug"))
    nodes = []
    for key, entry in entries.items():
        message = mapping(entry.get("message"))
        role, blocks = _content(message, left_out)
        model = string(mapping(message.get("metadata")).get("model_slug")) or default_model
        nodes.append(
            Node(
                id=key,
                parent=identifier(entry.get("parent")) or above.get(key),
                role=role,
                blocks=blocks,
                at=seconds(message.get("create_time")),
                model=model if role == ASSISTANT else "",
            )
        )
    ordered, leaf = arrange(nodes, value.get("current_node"), left_out)
    return ExportedConversation(
        source=SOURCE,
        external_id=identifier(value.get("conversation_id"))
        or identifier(value.get("id"))
        or next(iter(entries), ""),
        title=string(value.get("title")),
        created_at=seconds(value.get("create_time")),
        nodes=ordered,
        leaf=leaf,
        archived=value.get("is_archived") is True,
        pinned=value.get("is_starred") is True,
        left_out=left_out,
    )


def _children(entry: dict[str, Any]) -> list[Any]:
    children = entry.get("children")
    return children if isinstance(children, list) else []


def _content(message: dict[str, Any], left_out: Counter[tuple[str, str]]) -> tuple[str, list[Block]]:
    """Return the role and blocks of a message; the role is "" for one that people do not see."""
    metadata, content = mapping(message.get("metadata")), mapping(message.get("content"))
    role = string(mapping(message.get("author")).get("role"))
    hidden = metadata.get("is_visually_hidden_from_conversation") is True or message.get("weight") == 0
    if hidden or role not in ("user", "assistant", "tool") or content.get("content_type") in _HIDDEN:
        return "", []
    if role == "user":
        return USER, _files(content, metadata, left_out) + _said(content, left_out)
    if role == "tool":
        return ASSISTANT, _result(message, content, left_out)
    recipient = string(message.get("recipient")) or "all"
    return ASSISTANT, _said(content, left_out) if recipient == "all" else _call(recipient, content)


def _said(content: dict[str, Any], left_out: Counter[tuple[str, str]]) -> list[Block]:
    match content.get("content_type"):
        case "text" | "multimodal_text":
            return text_blocks(_MARK.sub("", _parts(content)))
        case "code":
            return text_blocks(
                fenced(string(content.get("text")), _language(content)) if content.get("text") else ""
            )
        case "thoughts":
            thoughts = mappings(content.get("thoughts"))
            told = (
                f"**{string(one.get('summary'))}**\n{string(one.get('content'))}".strip("*\n ")
                for one in thoughts
            )
            return thinking_blocks("\n\n".join(told))
        case "tether_quote":
            return [tool_block("Quote", {"url": content.get("url")}, string(content.get("text")))]
        case "execution_output":
            return [tool_block("Output", None, string(content.get("text")))]
    left_out["content", "unknown"] += 1
    return text_blocks(_parts(content) or content.get("text"))


def _language(content: dict[str, Any]) -> str:
    language = string(content.get("language"))
    return "" if language == "unknown" else language


def _parts(content: dict[str, Any]) -> str:
    parts = content.get("parts")
    found = parts if isinstance(parts, list) else []
    spoken = (one.get("text") if isinstance(one, dict) else one for one in found)
    return "\n".join(one for one in spoken if isinstance(one, str) and one)


def _files(
    content: dict[str, Any], metadata: dict[str, Any], left_out: Counter[tuple[str, str]]
) -> list[Block]:
    names = {
        identifier(one.get("id")): string(one.get("name")) for one in mappings(metadata.get("attachments"))
    }
    for part in mappings(content.get("parts")):
        pointer = string(part.get("asset_pointer")).rpartition("://")[2]
        if pointer and part.get("content_type") == "image_asset_pointer":
            names.setdefault(pointer, "")
    return [{"type": "file", "name": name or pointer, "pointer": pointer} for pointer, name in names.items()]


def _call(recipient: str, content: dict[str, Any]) -> list[Block]:
    """Return what an answer sent to a tool. A document of the canvas is its text, so that models read it."""
    given = string(content.get("text")) or _parts(content)
    if recipient == "canmore.create_textdoc":
        try:
            document = mapping(json.loads(given))
        except (ValueError, RecursionError):
            document = {}
        body = string(document.get("content"))
        if body:
            language = string(document.get("type")).partition("code/")[2]
            return text_blocks(f"**{string(document.get('name'))}**\n\n{fenced(body, language)}")
    return [tool_block(recipient, {"input": given})] if given.strip() else []


def _result(
    message: dict[str, Any], content: dict[str, Any], left_out: Counter[tuple[str, str]]
) -> list[Block]:
    name = string(mapping(message.get("author")).get("name")) or "tool"
    result = string(content.get("text")) or string(content.get("result")) or _parts(content)
    pictures = [
        one for one in mappings(content.get("parts")) if one.get("content_type") == "image_asset_pointer"
    ]
    left_out["file", "made_by_tool"] += len(pictures)
    failed = content.get("content_type") == "system_error"
    return [tool_block(name, None, result, failed=failed)] if result.strip() else []
