"""Results of MCP servers as the SDK reads them, with their digits, although the servers bend the protocol.

The SDK refuses a whole result for one field that does not fit: every tool of a listing, or an answer that could be
shown. What can't be read for sure stays as it came, and the SDK refuses it.
"""

from typing import Any

from chat.claude.encoding.exact_numbers import exact_json, restored

_KNOWN = {
    "text": ("text",),
    "image": ("data", "mimeType"),
    "audio": ("data", "mimeType"),
    "resource": ("resource",),
    "resource_link": ("uri", "name"),
}


def readable_result(method: str, raw: Any) -> Any:
    """Return the result of a request in the form that the SDK accepts, its marked texts turned back into numbers."""
    raw = restored(raw)
    if not isinstance(raw, dict):
        return raw
    match method:
        case "tools/list" if isinstance(raw.get("tools"), list):
            return {**raw, "tools": [_tool(each) for each in raw["tools"] if _is_named(each)]}
        case "tools/call" if raw.keys() & {"content", "structuredContent"}:
            return _answer(raw)
    return raw


def _is_named(tool: Any) -> bool:
    return isinstance(tool, dict) and isinstance(tool.get("name"), str)


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    """Return a tool with an object as its input: servers leave that out for tools without arguments."""
    schema = tool.get("inputSchema") or {}
    if isinstance(schema, dict) and schema.get("type") is None:
        tool = {**tool, "inputSchema": {**schema, "type": "object"}}
    return tool


def _answer(raw: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with a list of blocks and an object as structured content."""
    content, structured = raw.get("content"), raw.get("structuredContent")
    if content is None:
        content = []
    elif not isinstance(content, list):
        content = [content]
    answer = {**raw, "content": [_block(item) for item in content]}
    if structured is None:
        answer.pop("structuredContent", None)
    elif not isinstance(structured, dict):
        answer["structuredContent"] = {"result": structured}
    return answer


def _block(item: Any) -> Any:
    """Return a block of a known type, or a text: a string as it is, anything else as JSON."""
    if isinstance(item, dict):
        fields = _KNOWN.get(str(item.get("type")))
        if fields and all(item.get(field) is not None for field in fields):
            return item
    return {"type": "text", "text": item if isinstance(item, str) else exact_json(item)}
