"""A tool's input against its JSON Schema, before anything is called."""

from typing import Any

from chat.claude.text import too_deep

SHOWN = 5
MAPS_OF_SCHEMAS = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})


class SchemaUnusable(Exception):
    """A tool's own schema is broken, endless, or refers to another document, which is never fetched."""


def input_problem(schema: dict[str, Any], given: Any, *, trusted: bool = True) -> str:
    """Say what is wrong with an input, for the model to put right; "" when it fits."""
    if not isinstance(given, dict):
        return "The input has to be a JSON object."
    if too_deep(given):
        return "The input is nested too deep."
    try:
        found = misfits(schema, given, trusted=trusted)
    except SchemaUnusable:
        return "The tool's own input schema can't be used; staff have to look at it."
    return "\n".join(["The input does not fit the tool's schema.", *found]) if found else ""


def misfits(schema: dict[str, Any], given: dict[str, Any], *, trusted: bool = True) -> list[str]:
    """List where an input does not fit a schema, in the library's words: ["$.city: 5 is not of type 'string'", …].

    A schema that is not `trusted` (an MCP server wrote it) is read without its regular expressions: one made
    for it could keep this process busy for ever.

    Raises:
        SchemaUnusable: nothing can be said.
    """
    try:
        return _errors(schema if trusted else _without_patterns(schema), given)
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


def _errors(schema: dict[str, Any], given: dict[str, Any]) -> list[str]:
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: the library would otherwise fetch foreign references, from anywhere.
    validator = Draft202012Validator(schema, registry=Registry())
    errors = sorted(validator.iter_errors(given), key=lambda error: error.json_path)
    lines = [f"{error.json_path}: {error.message[:300]}" for error in errors[:SHOWN]]
    return [*lines, f"(and {len(errors) - SHOWN} more)"] if len(errors) > SHOWN else lines


def _without_patterns(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_patterns(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in {"pattern", "patternProperties"}}
    if "patternProperties" in schema:
        # What they would have let through can't be told any more.
        kept = {k: v for k, v in kept.items() if k not in {"additionalProperties", "unevaluatedProperties"}}
    return {
        key: {name: _without_patterns(inner) for name, inner in value.items()}
        if key in MAPS_OF_SCHEMAS and isinstance(value, dict)
        else value
        if key in {"const", "enum", "default", "examples"}
        else _without_patterns(value)
        for key, value in kept.items()
    }
