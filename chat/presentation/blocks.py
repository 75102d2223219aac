"""Content blocks in the form that templates show."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from chat.claude.content.made_files import made_file_ids
from chat.claude.encoding.exact_numbers import indented_json, read_json
from chat.events.payloads import result_blocks, shown_result
from chat.models import ToolCall
from chat.presentation import server_tools
from chat.presentation.citations import Marks, join_texts
from chat.presentation.tool_names import tool_about, tool_title
from chat.presentation.wording import tool_result_text

THINKING = ("thinking", "redacted_thinking")
TOOLS = ("tool_use", "server_tool_use", "mcp_tool_use")


def fenced_json(text: str) -> str:
    try:
        return f"~~~~json\n{indented_json(read_json(text))}\n~~~~"
    except (ValueError, RecursionError):
        return text


def shown_blocks(
    content: Any,
    calls: Mapping[str, ToolCall] | None = None,
    marks: Marks | None = None,
    thinking_seconds: Iterable[float] = (),
) -> list[dict[str, Any]]:
    """Return content blocks as templates show them: [{"index": 0, "type": "text", "value": "Hello"}, …].

    `calls` are the message's tool calls by tool_use id: the block of a call gets `call` and `result`.
    Files of a person's message have their own template tag. `marks` makes citations links. `thinking_seconds` are the
    times of the thinking blocks, in their order.
    """
    if not isinstance(content, list):
        return []
    shown = [
        _shown(block) | _call_fields(block, calls or {}) | {"index": index}
        for index, block in enumerate(content)
        if isinstance(block, dict)
    ]
    _time_thoughts(content, shown, thinking_seconds)
    shown = join_texts(_with_results(shown), marks or Marks(None))
    kept = [block for block in shown if block["value"].strip() or block["type"] in (*TOOLS, "sources")]
    return _with_files(kept, content)


def _with_files(shown: list[dict[str, Any]], content: list[Any]) -> list[dict[str, Any]]:
    """Put the files that code execution made behind the steps in which it made them, before the next text.

    They are blocks {"type": "files", "files": [the provider's ids], "index": that of the first result}.
    """
    result: list[dict[str, Any]] = []
    waiting: list[tuple[int, str]] = []
    made = {index: made_file_ids(block) for index, block in enumerate(content)}

    def put() -> None:
        if waiting:
            ids = list(dict.fromkeys(name for _index, name in waiting))
            result.append({"type": "files", "files": ids, "index": waiting[0][0], "value": ""})
            waiting.clear()

    taken = 0
    for block in shown:
        if block["type"] == "text":
            waiting += _made_before(made, taken, block["index"])
            taken = block["index"]
            put()
        result.append(block)
    waiting += _made_before(made, taken, len(content))
    put()
    return result


def _made_before(made: Mapping[int, list[str]], start: int, end: int) -> list[tuple[int, str]]:
    return [(index, name) for index in range(start, end) for name in made.get(index, [])]


def _time_thoughts(content: Any, shown: list[dict[str, Any]], thinking_seconds: Iterable[float]) -> None:
    """Write the times of thinking blocks into their shown blocks; encrypted ones were not timed."""
    thoughts = [block for block in shown if content[block["index"]].get("type") == "thinking"]
    for block, seconds in zip(thoughts, thinking_seconds, strict=False):
        block["seconds"] = seconds


def _call_fields(block: dict[str, Any], calls: Mapping[str, ToolCall]) -> dict[str, Any]:
    call = calls.get(str(block.get("id", "")))
    if call is None:
        return {}
    return call_block(call)


def call_block(call: ToolCall) -> dict[str, Any]:
    """Return what a card shows of a call: id, status, result, the whole input as JSON, and its fields as `rows`."""
    result = _result_text(shown_result(call.result or []))
    if call.status in (ToolCall.Status.DENIED, ToolCall.Status.STOPPED):
        result = tool_result_text(result)
    given: Any = call.effective_input
    fields = given.items() if isinstance(given, dict) else ()
    return {
        "call": {"id": call.id, "status": call.status},
        "title": tool_title(call.tool) if call.tool else "",
        "about": tool_about(call.tool) if call.tool else "",
        "result": result,
        "value": indented_json(given),
        "rows": [(name, value if isinstance(value, str) else indented_json(value)) for name, value in fields],
    }


def _result_text(parts: list[dict[str, Any]]) -> str:
    return "\n".join(str(part.get("text") or f"[{part['type']}]") for part in parts)


def arrived_blocks(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the blocks of an answer that is being written; calls of MCP servers get their results."""
    shown: list[dict[str, Any]] = []
    for block in blocks:
        if block["type"] in TOOLS:
            title = server_tools.title_of(str(block.get("name")))
            title = title if block["type"] == "server_tool_use" else ""
            shown.append({**block, "type": "tool_use", "name": _tool_name(block), "title": title})
        elif block["type"] == "mcp_tool_result":
            shown.append({**block, "result": _result_text(block.get("result") or [])})
        elif block["type"] in THINKING:
            shown.append({**block, "type": "thinking"})
        else:
            shown.append({"name": block["type"], **block})
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
            "open": False,
            "raw": "",
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
    if kind == "file_not_shared":
        return {"type": kind, "value": _("A file that is not shared")}
    if kind == "imported_tool_use" and "input" not in block:
        name = str(block.get("name", ""))
        return {"type": "tool_name", "name": name, "value": name}
    if kind == "imported_tool_use":
        return {
            "type": "tool_use",
            "id": "",
            "name": str(block.get("name", "")),
            "value": indented_json(block.get("input", {})),
            "result": str(block.get("result", "")),
            "status": ToolCall.Status.FAILED if block.get("is_error") else ToolCall.Status.DONE,
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
    return server_tools.found(block) or {"type": "other", "name": kind, "value": indented_json(rest)}


def _title_and_input(block: dict[str, Any]) -> dict[str, str]:
    """Return the title and input of a tool use. Staff's own tools have their title in their call."""
    whole = indented_json(block.get("input", {}))
    if block.get("type") != "server_tool_use":
        return {"value": whole}
    title = server_tools.title_of(str(block.get("name")))
    return {"title": title, "value": server_tools.given(block) or whole}
