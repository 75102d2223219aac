"""A tool's input against its JSON Schema, before anything is called. It may take a while: never on the event loop."""

import json
from typing import Any

from chat.claude.text import too_deep
from chat.readers import sandbox, schemas

# What can make a check take for ever: expressions, references that double, and each item held against each other.
_UNBOUNDED_KEYWORDS = ('"pattern', '"$ref"', '"$dynamicRef"', '"uniqueItems"')


class SchemaUnusable(Exception):
    """A tool's own schema is broken, endless, or refers to another document, which is never fetched."""


def input_problem(schema: dict[str, Any], tool_input: Any, *, trusted: bool = True) -> str:
    """Say what is wrong with an input, for the model to put right; "" when it fits."""
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
    """List where an input does not fit a schema, in the library's words: ["$.city: 5 is not of type 'string'", …].

    A schema that is not `trusted` (an MCP server wrote it), or could take for ever, is followed in a process of its
    own, which ends in any case.

    Raises:
        SchemaUnusable: nothing can be said.
    """
    try:
        pair = json.dumps([schema, tool_input])
        if trusted and not any(word in pair for word in _UNBOUNDED_KEYWORDS):
            return schemas.schema_errors(schema, tool_input)
        return list(sandbox.run("tool_input", pair.encode(), bounds=sandbox.CHECKS).value)
    except Exception as error:
        raise SchemaUnusable from error


def schema_problem(schema: Any) -> str:
    """Say why a schema can't be that of a tool, in a few words of the library; "" when it can."""
    from jsonschema import Draft202012Validator, SchemaError

    if not isinstance(schema, dict) or schema.get("type") != "object":
        return 'the schema of an input has "type": "object"'
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return str(error.message)[:300]
    return ""
