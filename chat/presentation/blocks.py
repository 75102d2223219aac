"""Content blocks in the form that templates show."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from chat.events.payloads import result_blocks, shown_result
from chat.models import ToolCall
from chat.presentation import server_tools
from chat.presentation.citations import joined
from chat.presentation.wording import tool_result_text

THINKING = ("thinking", "redacted_thinking")


TOOLS = ("tool_use", "server_tool_use", "mcp_tool_use")


def fenced_json(text: str) -> str:
    try:
        return f"~~~~json\n{_pretty(json.loads(text))}\n~~~~"
    except (ValueError, RecursionError):
        return text


def shown_blocks(
    content: Any, calls: Mapping[str, ToolCall] | None = None, message_id: object = None
) -> list[dict[str, Any]]:
    """Return content blocks as templates show them: [{"index": 0, "type": "text", "value": "Hello"}, …].

    `calls` are the message's tool calls by tool_use id: the block of a call gets `call` and `result`.
    Files of a person's message have their own template tag. Citations become links to pages below `message_id`.
    """
    if not isinstance(content, list):
        return []
    shown = [
        _shown(block) | _call_fields(block, calls or {}) | {"index": index}
        for index, block in enumerate(content)
        if isinstance(block, dict)
    ]
    shown = joined(_with_results(shown), message_id)
    return [block for block in shown if block["value"].strip() or block["type"] in (*TOOLS, "sources")]


def _call_fields(block: dict[str, Any], calls: Mapping[str, ToolCall]) -> dict[str, Any]:
    call = calls.get(str(block.get("id", "")))
    if call is None:
        return {}
    result = _result_text(shown_result(call.result or []))
    if call.status in (ToolCall.Status.DENIED, ToolCall.Status.STOPPED):
        result = tool_result_text(result)
    return {"call": call, "result": result, "value": _pretty(call.effective_input)}


def _result_text(parts: list[dict[str, Any]]) -> str:
    return "\n".join(str(part.get("text") or f"[{part['type']}]") for part in parts)


def arrived_blocks(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the blocks of an answer that is being written; calls of MCP servers get their results."""
    shown: list[dict[str, Any]] = []
    for block in blocks:
        if block["type"] == "mcp_tool_use":
            shown.append({**block, "type": "tool_use", "name": _tool_name(block)})
        elif block["type"] == "mcp_tool_result":
            shown.append({**block, "result": _result_text(block.get("result") or [])})
        else:
            shown.append(block)
    return _with_results(shown)


def _with_results(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the results of MCP servers into the blocks of their calls, with their status."""
    cards = {block["id"]: dict(block) for block in blocks if block["type"] == "tool_use" and block.get("id")}
    kept: list[dict[str, Any]] = []
    for block in blocks:
        card = cards.get(block.get("tool_use_id")) if block["type"] == "mcp_tool_result" else None
        if card is not None:
            status = ToolCall.Status.FAILED if block.get("is_error") else ToolCall.Status.DONE
            card |= {"result": block["result"], "status": status}
        else:
            kept.append(cards.get(block.get("id"), block) if block["type"] == "tool_use" else block)
    return kept


def _tool_name(block: dict[str, Any]) -> str:
    """Return the tool's name, with the server's name in front for a tool of an MCP server."""
    return " · ".join(str(block[key]) for key in ("server_name", "name") if block.get(key))


def _shown(block: dict[str, Any]) -> dict[str, Any]:
    kind = str(block.get("type", ""))
    if kind == "text":
        citations = block.get("citations")
        return {
            "type": kind,
            "value": str(block.get("text", "")),
            "citations": citations if isinstance(citations, list) else [],
        }
    if kind == "thinking":
        return {"type": kind, "value": str(block.get("thinking", ""))}
    if kind == "compaction":
        return {"type": kind, "value": str(block.get("content") or "")}
    if kind == "redacted_thinking":
        return {"type": "thinking", "value": _("This thinking is stored encrypted by the model provider.")}
    if kind in TOOLS:
        return {
            "type": "tool_use",
            "id": str(block.get("id", "")),
            "name": _tool_name(block),
            **_title_and_input(block),
        }
    if kind == "mcp_tool_result":
        result = _result_text(shown_result(result_blocks(block.get("content"))))
        return {
            "type": kind,
            "name": kind,
            "tool_use_id": str(block.get("tool_use_id", "")),
            "is_error": bool(block.get("is_error")),
            "result": result,
            "value": result,
        }
    rest = {key: value for key, value in block.items() if key != "type"}
    return server_tools.found(block) or {"type": "other", "name": kind, "value": _pretty(rest)}


def _title_and_input(block: dict[str, Any]) -> dict[str, str]:
    """Return the title and input of a tool use. Staff's own tools have their title in their call."""
    whole = _pretty(block.get("input", {}))
    if block.get("type") != "server_tool_use":
        return {"value": whole}
    title = server_tools.title_of(str(block.get("name")))
    return {"title": title, "value": server_tools.given(block) or whole}


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
