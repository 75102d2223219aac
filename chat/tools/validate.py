"""Checks a tool's input against its JSON Schema before the call. This may be slow: never call it on the event loop."""

import json
from typing import Any

from chat.claude.text import too_deep
from chat.readers import sandbox, schemas

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
        pair = json.dumps([schema, tool_input])
        if trusted and not any(word in pair for word in _UNBOUNDED_KEYWORDS):
            return schemas.schema_errors(schema, tool_input)
        return list(sandbox.run("tool_input", pair.encode(), bounds=sandbox.CHECKS).value)
    except Exception as error:
        raise SchemaUnusable from error


def schema_problem(schema: Any) -> str:
    """Return why a schema can't be a tool's input schema, in a few words of the library; "" if it can."""
    from jsonschema import Draft202012Validator, SchemaError

    if not isinstance(schema, dict) or schema.get("type") != "object":
        return 'the schema of an input has "type": "object"'
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return str(error.message)[:300]
    return ""
