"""Values against JSON Schemas. A schema can hold patterns and references that take for ever: see `apart`."""

import json
from typing import Any

from chat.claude.output_schema import answer_problem

MAX_SHOWN = 5


def check_answer(data: bytes) -> tuple[str, list[bytes]]:
    """Check an answer: [schema, answer] as JSON; see `chat.claude.output_schema.fault_in`."""
    return answer_problem(*json.loads(data)), []


def check_input(data: bytes) -> tuple[list[str], list[bytes]]:
    """Check a tool's input: [schema, input] as JSON; see `misfits`."""
    return schema_errors(*json.loads(data)), []


def schema_errors(schema: dict[str, Any], tool_input: dict[str, Any]) -> list[str]:
    """List where an input does not fit, in the library's words: ["$.city: 5 is not of type 'string'", …]."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # An empty registry: the library would otherwise fetch foreign references, from anywhere.
    validator = Draft202012Validator(schema, registry=Registry())
    errors = sorted(validator.iter_errors(tool_input), key=lambda error: error.json_path)
    lines = [f"{error.json_path}: {error.message[:300]}" for error in errors[:MAX_SHOWN]]
    return [*lines, f"(and {len(errors) - MAX_SHOWN} more)"] if len(errors) > MAX_SHOWN else lines
