"""Schemas of strict tools: what the API refuses, and how many one request may have."""

from typing import Any

import pytest

from chat.claude.schemas.strict_tools import (
    LIMITS,
    StrictCount,
    StrictFault,
    limit_strict_tools,
    strict_count,
    strict_fault,
)

TEXT = {"type": "string"}


def closed(required: Any = (), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def tool(schema: Any, **more: Any) -> dict[str, Any]:
    return {"name": "t", "input_schema": schema, "strict": True, **more}


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (closed(a=TEXT), None),
        (closed(a={"type": "string", "pattern": "^(?:a|b)+$", "format": "date"}), None),
        (
            {
                **closed(a={"$ref": "#/$defs/b"}, c={"type": "array", "items": TEXT, "minItems": 1}),
                "$defs": {"b": TEXT},
            },
            None,
        ),
        ({"type": "object"}, StrictFault("open")),
        (closed(a={"type": ["object", "null"]}), StrictFault("open", "$.properties.a")),
        (closed(a={"anyOf": [TEXT, {"type": "object"}]}), StrictFault("open", "$.properties.a.anyOf[1]")),
        (closed(a={"type": "integer", "minimum": 1}), StrictFault("keyword", "$.properties.a", "minimum")),
        (
            closed(a={"type": "array", "items": {"type": "string", "maxLength": 5}}),
            StrictFault("keyword", "$.properties.a.items", "maxLength"),
        ),
        (closed(a={"type": "array", "minItems": 2}), StrictFault("keyword", "$.properties.a", "minItems")),
        (
            closed(a={"type": "string", "format": "phone"}),
            StrictFault("keyword", "$.properties.a", "format: phone"),
        ),
        (
            closed(a={"type": "string", "pattern": "(?=x)"}),
            StrictFault("keyword", "$.properties.a", "pattern: (?=x)"),
        ),
        (closed(a={}), StrictFault("untyped", "$.properties.a")),
        ({**closed(), "$schema": "https://json-schema.org/"}, StrictFault("keyword", "$", "$schema")),
        (
            closed(a={"$ref": "#"}),
            StrictFault("invalid", name="the schema is recursive: # leads back to itself"),
        ),
    ],
)
def test_first_fault_is_returned(schema: Any, fault: StrictFault | None) -> None:
    assert strict_fault(schema) == fault


def test_parameters_are_counted_wherever_they_stand() -> None:
    inner = closed(["b"], b={"type": ["string", "null"]}, c={"anyOf": [TEXT, {"type": "null"}]})
    assert strict_count(closed(["a"], a=inner, d=TEXT)) == StrictCount(1, 2, 2)


@pytest.mark.parametrize(
    ("schema", "most"),
    [
        (closed(), LIMITS.tools),
        (closed(**{f"p{n}": TEXT for n in range(12)}), 2),
        (closed(["a"], a={"anyOf": [TEXT, {"type": "null"}]}), LIMITS.unions),
    ],
)
def test_tools_beyond_the_limits_are_not_strict(schema: Any, most: int) -> None:
    found = limit_strict_tools([tool(schema)] * (most + 1))
    assert [definition.get("strict", False) for definition in found] == [True] * most + [False]


def test_other_tools_are_unchanged() -> None:
    loose = {"name": "l", "input_schema": {"type": "object"}}
    server = {"type": "web_search_20260318", "name": "web_search", "strict": True}
    assert limit_strict_tools([loose, server]) == [loose, server]
    assert limit_strict_tools([tool({"type": "object"})]) == [
        {"name": "t", "input_schema": {"type": "object"}}
    ]
    assert limit_strict_tools([tool(closed(), type="custom")]) == [tool(closed(), type="custom")]
