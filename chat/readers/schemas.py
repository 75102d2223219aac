"""Checks values against JSON Schemas. Patterns and references can make a check endless: see `sandbox`."""

from typing import Any

from chat.claude.encoding.exact_numbers import read_json
from chat.claude.schemas.json_schema import answer_problem

MAX_SHOWN = 5


def check_answer(data: bytes) -> tuple[str, list[bytes]]:
    """Check an answer: [schema, answer] as JSON; see `chat.claude.schemas.json_schema.answer_problem`."""
    return answer_problem(*read_json(data)), []


def check_input(data: bytes) -> tuple[list[str], list[bytes]]:
    """Check a tool's input: [schema, input] as JSON; see `schema_errors`."""
    return schema_errors(*read_json(data)), []


def schema_errors(schema: dict[str, Any], tool_input: dict[str, Any]) -> list[str]:
    """Return where an input does not fit, in the library's words: ["$.city: 5 is not of type 'string'", …]."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: otherwise the library would fetch references to other documents from any address.
    validator = Draft202012Validator(schema, registry=Registry())
    errors = sorted(validator.iter_errors(tool_input), key=lambda error: error.json_path)
    lines = [f"{error.json_path}: {error.message[:300]}" for error in errors[:MAX_SHOWN]]
    return [*lines, f"(and {len(errors) - MAX_SHOWN} more)"] if len(errors) > MAX_SHOWN else lines
