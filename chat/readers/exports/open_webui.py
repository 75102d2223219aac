"""Open WebUI's export: an array of chats. Thinking and tool calls stand as <details> elements in the text."""

import html
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
from chat.readers.exports.values import identifier, mapping, mappings, seconds, string

SOURCE = "open-webui"
_DETAILS = re.compile(r'<details type="(reasoning|tool_calls|code_interpreter)"([^>]*+)>')
_DETAILS_END = "</details>"
_SUMMARY = re.compile(r"\s*<summary>[^<]*</summary>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*+)"')


def is_open_webui(value: dict[str, Any]) -> bool:
    chat = value.get("chat")
    return isinstance(chat, dict) and ("history" in chat or "messages" in chat)


def read_open_webui(value: dict[str, Any]) -> ExportedConversation:
    """Return a conversation of Open WebUI's export."""
    left_out: Counter[tuple[str, str]] = Counter()
    chat = value["chat"]
    history = mapping(chat.get("history"))
    messages = mapping(history.get("messages"))
    listed = mappings(list(messages.values())) or mappings(chat.get("messages"))
    nodes: list[Node] = []
    for message in listed:
        previous = nodes[-1].id if nodes else None
        parent = message.get("parentId", previous)
        role = {"user": USER, "assistant": ASSISTANT}.get(string(message.get("role")), "")
        nodes.append(
            Node(
                id=identifier(message.get("id")) or f"place:{len(nodes)}",
                parent=identifier(parent) or None,
                role=role,
                blocks=_files(message, left_out) + _blocks(message, left_out),
                at=seconds(message.get("timestamp")),
                model=string(message.get("model")) if role == ASSISTANT else "",
            )
        )
    ordered, leaf = arrange(nodes, history.get("currentId"), left_out)
    return ExportedConversation(
        source=SOURCE,
        external_id=identifier(value.get("id")) or identifier(chat.get("id")),
        title=string(value.get("title")) or string(chat.get("title")),
        created_at=seconds(value.get("created_at")) or seconds(chat.get("timestamp")),
        nodes=ordered,
        leaf=leaf,
        archived=value.get("archived") is True,
        pinned=value.get("pinned") is True,
        left_out=left_out,
    )


def _files(message: dict[str, Any], left_out: Counter[tuple[str, str]]) -> list[Block]:
    files = mappings(message.get("files"))
    left_out["file", "not_in_export"] += len(files)
    return [{"type": "file", "name": string(one.get("name")) or "file"} for one in files]


def _blocks(message: dict[str, Any], left_out: Counter[tuple[str, str]]) -> list[Block]:
    content = message.get("content")
    if isinstance(content, list):  # the parts of a message with pictures
        left_out["file", "not_in_export"] += sum(one.get("type") == "image_url" for one in mappings(content))
        content = "\n".join(string(one.get("text")) for one in mappings(content) if one.get("type") == "text")
    if string(content).strip():
        return _marked_up(string(content))
    return [block for item in mappings(message.get("output")) for block in _output(item)]


def _marked_up(content: str) -> list[Block]:
    blocks: list[Block] = []
    at = 0
    while found := _DETAILS.search(content, at):
        end = content.find(_DETAILS_END, found.end())
        if end < 0:
            break
        blocks += text_blocks(content[at : found.start()].strip("\n"))
        at = end + len(_DETAILS_END)
        kind, written = found.groups()
        body = _SUMMARY.sub("", content[found.end() : end], count=1).strip("\n")
        fields = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(written)}
        if kind == "reasoning":
            quoted = (html.unescape(line).removeprefix(">").removeprefix(" ") for line in body.split("\n"))
            blocks += thinking_blocks("\n".join(quoted))
        elif kind == "tool_calls":
            result = _decoded(fields.get("result", ""))
            shown = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
            blocks.append(tool_block(fields.get("name"), _decoded(fields.get("arguments", "")), shown))
        else:
            blocks.append(tool_block("code_interpreter", {"code": body}, fields.get("output", "")))
    return blocks + text_blocks(content[at:].strip("\n"))


def _decoded(value: str) -> Any:
    """Return what JSON in a text means, which may be a text with JSON again."""
    found: Any = value
    for _time in range(2):
        try:
            found = json.loads(found) if isinstance(found, str) else found
        except (ValueError, RecursionError):
            break
    return found


def _output(item: dict[str, Any]) -> list[Block]:
    """Return the blocks of an item of `output`, which the newest version has beside an empty text."""
    told = "\n".join(string(one.get("text")) for one in mappings(item.get("content")))
    match item.get("type"):
        case "message":
            return text_blocks(told)
        case "reasoning":
            return thinking_blocks(
                told or "\n".join(string(one.get("text")) for one in mappings(item.get("summary")))
            )
        case "function_call":
            return [tool_block(item.get("name"), _decoded(string(item.get("arguments"))))]
    return []
