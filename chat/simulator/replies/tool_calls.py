"""The tool calls that a request asks for, and their inputs.

A call is requested by a line `/tool NAME {json}`, by a tool's name in the text, or by `tool_choice`.
"""

import json
import re
from typing import Any

from chat.simulator.checks.schemas import resolve
from chat.simulator.replies import texts
from chat.simulator.replies.reply import Writer, WrittenInput

TOOL_LINE = re.compile(r"^\s*/tool\s+([a-zA-Z0-9_-]{1,64})[ \t]*(.*)$", re.MULTILINE)
FALLBACK_TOOL = "simulated_tool"


def tool_calls(writer: Writer) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls (name, input) that the last user message asks for: by `/tool` lines, by name, or forced."""
    prompt = writer.prompt
    choice = prompt.body.get("tool_choice") or {}
    tools = {tool["name"]: tool for tool in prompt.tools if tool.get("type") in (None, "custom")}
    given = [block["text"] for block in prompt.last.blocks if block["type"] == "text"]
    if not tools or choice.get("type") == "none" or not given:
        return []
    text = prompt.user_text()
    calls = [(name, _input(written, tools.get(name), text)) for name, written in TOOL_LINE.findall(text)]
    if not calls:
        calls = [(name, _input("", tools[name], text)) for name in tools if _mentions(text, name)]
    if not calls and choice.get("type") in ("any", "tool"):
        name = choice.get("name") or next(iter(tools))
        calls = [(name, _input("", tools.get(name), text))]
    return calls[:1] if choice.get("disable_parallel_tool_use") else calls


def _mentions(text: str, name: str) -> bool:
    spoken = re.escape(name).replace("_", "[_ ]").replace(r"\-", "[- ]")
    return bool(re.search(rf"(?<![\w-]){spoken}(?![\w-])", text, re.IGNORECASE))


def _input(written: str, tool: dict[str, Any] | None, text: str) -> dict[str, Any]:
    if not written.strip():
        return dict(sample_value((tool or {}).get("input_schema", {"type": "object"}), texts.quote(text, 80)))
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        return {"input": written}
    return WrittenInput(value, written) if isinstance(value, dict) else {"input": value}


def sample_value(schema: Any, text: str, root: Any = None) -> Any:
    """Return a small value that fits a JSON schema; strings are `text`. References point into `root`."""
    root = schema if root is None else root
    schema = resolve(root, schema)
    if not isinstance(schema, dict):
        return text
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    for name in ("enum", "examples", "anyOf", "oneOf", "allOf"):
        choices = schema.get(name)
        if isinstance(choices, list) and choices:
            return sample_value(choices[0], text, root) if name.endswith("Of") else choices[0]
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) and kind else kind:
        case "integer" | "number":
            least = schema.get("minimum")
            return max(1, least) if isinstance(least, int | float) else 1
        case "boolean":
            return True
        case "null":
            return None
        case "array":
            return [sample_value(schema.get("items"), text, root)]
        case "object":
            parts = schema.get("properties")
            return (
                {name: sample_value(part, text, root) for name, part in parts.items()}
                if isinstance(parts, dict)
                else {}
            )
        case _:
            return text


def first_tool_call(writer: Writer) -> tuple[str, dict[str, Any]]:
    """Return a call (name, input) of the first tool, or of an invented one if the request has no tools."""
    tool = next((tool for tool in writer.prompt.tools if "name" in tool), None)
    if tool is None:
        return FALLBACK_TOOL, {"text": "no tool was sent"}
    return tool["name"], _input("", tool, writer.prompt.user_text())
