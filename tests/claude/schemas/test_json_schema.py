"""JSON Schemas: which are accepted, what is sent of them, and how values are checked."""

from typing import Any

import pytest

from chat.claude.schemas.json_schema import (
    SchemaError,
    answer_problem,
    check_schema,
    has_patterns,
    normalize_schema,
)

POINT = {"type": "object", "properties": {"x": {"type": "integer", "minimum": 0}}, "required": ["x"]}


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _level in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


def doubling(levels: int) -> dict[str, Any]:
    """Return a short schema whose references expand to an endless one: each definition refers twice to the next."""
    named = {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(levels)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**named, f"d{levels}": {"type": "null"}}}


@pytest.mark.parametrize(
    "schema",
    [
        POINT,
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/x", **POINT},
        {"$ref": "#/$defs/a", "$defs": {"a": POINT}},
        {"$ref": "#/definitions/a~1b", "definitions": {"a/b": POINT}},
        {
            "type": "array",
            "items": {"$ref": "#/$defs/a"},
            "$defs": {"a": {"type": "string", "pattern": "^a+$"}},
        },
        {"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": POINT}},
        {"type": "object", "additionalProperties": {"type": "string"}, "patternProperties": {"^x": POINT}},
    ],
)
def test_supported_schemas_are_accepted(schema: dict[str, Any]) -> None:
    assert check_schema(schema) == {
        key: part for key, part in schema.items() if key not in ("$schema", "$id")
    }


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ([], "JSON object"),
        ({}, "JSON object"),
        (deep(61), "deeper than 60"),
        ({"type": "string", "description": "x" * 100_000}, "longer than 100,000"),
        ({"type": "thing"}, "no valid JSON Schema, at type"),
        ({"type": "object", "properties": {"a": {"enum": 3}}}, "at properties/a/enum"),
        ({"type": "object", "properties": {"a": True}}, "true and false"),
        ({"type": "object", "properties": {"a": {"$id": "b", "type": "null"}}}, r"\$id is not supported"),
        ({"$ref": "https://example.com/schema"}, "inside this schema"),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": POINT}}, "allOf"),
        ({"$ref": "#/$defs/b", "$defs": {"a": POINT}}, "leads nowhere"),
        ({"$ref": "#/type/b", "type": "object"}, "leads nowhere"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}}, "recursive"),
        ({"type": "object", "properties": {"a": {"$ref": "#/properties/a"}}}, "recursive"),
        ({"type": "null", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}}, "recursive"),
        (
            {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
            "recursive: #/",
        ),
        (doubling(40), "too large"),
        ({"type": "string", "pattern": "("}, "not a 'regex'"),
        ({"type": "object", "patternProperties": {"(": {"type": "null"}}}, "not a 'regex'"),
    ],
)
def test_unsupported_schemas_are_refused(schema: Any, words: str) -> None:
    with pytest.raises(SchemaError, match=words):
        check_schema(schema)


def test_sent_schema_has_only_supported_keywords() -> None:
    schema = {
        "type": ["object", "null"],
        "title": "T",
        "properties": {
            "a": {"type": ["string"], "minLength": 2},
            "b": {"type": ["integer", "null"], "enum": [1, None]},
            "c": {"$ref": "#/definitions/d"},
        },
        "additionalProperties": False,
        "items": {"type": "string"},
        "anyOf": [{"type": ["string"]}],
        "definitions": {"d": {"type": "string"}},
        "$defs": {"e": {"type": "string"}},
    }
    sent = normalize_schema(schema)
    assert (sent["title"], sent["$defs"]) == ("T", {"d": {"type": "string"}, "e": {"type": "string"}})
    first, second = sent["anyOf"]
    assert second == {"type": "null"}
    assert first["type"] == "object"
    assert first["properties"] == {
        "a": {"type": "string", "minLength": 2},
        "b": {"enum": [1, None]},
        "c": {"$ref": "#/$defs/d"},
    }


def test_errors_name_their_place() -> None:
    assert answer_problem(POINT, {"x": 1}) == ""
    assert answer_problem(POINT, {"x": -1}) == "at x: -1 is less than the minimum of 0"
    assert (
        answer_problem({"type": "array", "items": POINT}, [{"x": 0}, {}])
        == "at [1]: 'x' is a required property"
    )
    assert answer_problem(POINT, 3).startswith("at the root: 3 is not of type")


def test_safe_patterns_are_recognised() -> None:
    assert not has_patterns({"type": "object", "properties": {"pattern": {"type": "string"}}})
    assert has_patterns({"type": "object", "properties": {"a": {"type": "string", "pattern": "a"}}})
    assert has_patterns({"type": "object", "patternProperties": {"a": {"type": "string"}}})
