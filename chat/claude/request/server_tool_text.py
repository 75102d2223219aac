"""Replaces blocks of server tools (web search, web fetch, code execution) by text where the tools are missing.

Where a tool is available, its calls and results are sent again exactly as they came. A platform without it
refuses the blocks, so a text block with the readable parts, the input and the result, takes their place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chat.claude.content.blocks import Block, is_server_tool_result, without
from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.request.transcript import PathMessage

CODE_EXECUTION = frozenset({"code_execution", "bash_code_execution", "text_editor_code_execution"})
_RESULT = "_tool_result"
_MCP = "mcp"
# The readable parts of a result in reading order; encrypted and binary parts are left out.
_READABLE = ("error_code", "text", "tool_name", "stdout", "stderr", "lines", "content", "source", "data")


def missing_tools_as_text(
    path: Sequence[PathMessage], is_missing: Callable[[str], bool]
) -> list[PathMessage]:
    """Return the path without blocks of the tools for whose name `is_missing` is true.

    Thinking beside them is no longer valid. A call without a result is left out.
    """
    return [
        _message_as_text(message, is_missing) if message.role == "assistant" else message for message in path
    ]


def _message_as_text(message: PathMessage, is_missing: Callable[[str], bool]) -> PathMessage:
    if not any(_is_foreign(block, is_missing) for block in message.content):
        return message
    calls = {block.get("id"): block for block in message.content if block.get("type") == "server_tool_use"}
    content: list[Block] = []
    for block in message.content:
        if not is_missing(_tool_of(block)):
            # The cited result is no longer in the request.
            content.append(without(block, "citations") if block.get("type") == "text" else block)
        elif is_server_tool_result(block):
            content.append({"type": "text", "text": _as_text(calls.get(block.get("tool_use_id"), {}), block)})
    return replace(message, content=content, edited=True)


def _is_foreign(block: Block, is_missing: Callable[[str], bool]) -> bool:
    cited = [cited.get("type") for cited in block.get("citations") or () if isinstance(cited, dict)]
    return is_missing(_tool_of(block)) or ("web_search_result_location" in cited and is_missing("web_search"))


def _tool_of(block: Block) -> str:
    """Return the name of the server tool that a block belongs to; "" for none and for tools of MCP servers."""
    if block.get("type") == "server_tool_use":
        return str(block.get("name"))
    name = str(block.get("type")).removesuffix(_RESULT) if is_server_tool_result(block) else ""
    return "" if name == _MCP else name


def _as_text(call: Mapping[str, Any], result: Block) -> str:
    name = _tool_of(result)
    asked = [exact_json(call["input"])] if call.get("input") else []
    return "\n".join([f"<{name}_result>", *asked, *_lines(result.get("content")), f"</{name}_result>"])


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _lines(part)
    elif isinstance(value, dict) and value.get("type") != "base64":
        if page := [value[key] for key in ("title", "url") if isinstance(value.get(key), str)]:
            yield " — ".join(page)
        for key in _READABLE:
            if value.get(key):
                yield from _lines(value[key])
