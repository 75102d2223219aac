"""Checks a tool's input against its JSON Schema before the call. This may be slow: never call it on the event loop."""

from typing import Any

from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.encoding.text import too_deep
from chat.readers import schemas
from chat.readers.process import sandbox

# Keywords whose check can take forever: regular expressions, references that multiply, pairwise comparison of items.
_UNBOUNDED_KEYWORDS = ('"pattern', '"$ref"', '"$dynamicRef"', '"uniqueItems"')


class SchemaUnusable(Exception):
    """A tool's own schema is invalid, may never end, or refers to another document, which is never fetched."""


def input_problem(schema: dict[str, Any], tool_input: Any, *, trusted: bool = True) -> str:
    """Return what is wrong with an input, as a message for the model; "" if it fits."""
    if not isinstance(tool_input, dict):
        return "The input has to be a JSON object."
    if too_deep(tool_input):
        return "The input is nested too deep."
    try:
        found = input_errors(schema, tool_input, trusted=trusted)
    except SchemaUnusable:
        return "The tool's own input schema can't be used; staff have to look at it."
    return "\n".join(["The input does not fit the tool's schema.", *found]) if found else ""


def input_errors(schema: dict[str, Any], tool_input: dict[str, Any], *, trusted: bool = True) -> list[str]:
    """Return where an input does not fit a schema, in the library's words: ["$.city: 5 is not of type 'string'", …].

    A schema that is not `trusted` (from an MCP server), or whose check could run forever, is checked in a
    separate process with limits.

    Raises:
        SchemaUnusable: the check is not possible.
    """
    try:
        pair = exact_json([schema, tool_input])
        if trusted and not any(word in pair for word in _UNBOUNDED_KEYWORDS):
            return schemas.schema_errors(schema, tool_input)
        return list(sandbox.run("tool_input", pair.encode(), bounds=sandbox.CHECKS).value)
    except Exception as error:
        raise SchemaUnusable from error
