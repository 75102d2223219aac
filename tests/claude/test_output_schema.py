"""Output schemas: which are accepted, what is sent of them, and how answers are validated."""

from typing import Any

import pytest

from chat.claude.output_schema import (
    FORMAT,
    TOOL,
    AnswerError,
    SchemaError,
    answer_as_text,
    answer_problem,
    check_schema,
    has_patterns,
    normalize_schema,
    read_answer,
    with_output_schema,
)
from chat.claude.request import FrameSpec

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


def test_frame_asks_by_format_or_by_forced_tool() -> None:
    fetch = {"name": "t", "citations": {"enabled": True}}
    spec = FrameSpec("m", tools=[fetch], thinking={"type": "adaptive"}, output_config={"effort": "low"})
    body = with_output_schema(spec, POINT, FORMAT).body()
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": POINT}}
    assert (body["tools"], body["thinking"]) == ([{"name": "t"}], {"type": "adaptive"})
    body = with_output_schema(spec, POINT, TOOL).body()
    assert (body["tools"][0]["name"], body["tools"][0]["input_schema"], len(body["tools"])) == (
        "answer",
        POINT,
        1,
    )
    assert body["tool_choice"] == {"type": "tool", "name": "answer"}
    assert (body["thinking"], list(body)[-1]) == ({"type": "adaptive"}, "tool_choice")
    manual = FrameSpec("m", thinking={"type": "enabled", "budget_tokens": 2000})
    assert "thinking" not in with_output_schema(manual, POINT, TOOL).body()


def test_input_of_the_forced_tool_is_the_answer() -> None:
    thought = {"type": "thinking", "thinking": "", "signature": "s"}
    called = {"type": "tool_use", "id": "1", "name": "answer", "input": {"x": 1}}
    other = {"type": "tool_use", "id": "2", "name": "weather", "input": {}}
    assert answer_as_text([thought, called, other]) == [thought, {"type": "text", "text": '{"x":1}'}, other]
    assert read_answer([thought, {"type": "text", "text": "Let me see."}, called]) == {"x": 1}
    assert answer_as_text([thought, other]) == [thought, other]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" ", "empty"),
        ("Sure: {}", "not JSON"),
        ("NaN", "NaN is not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[" * 300 + "]" * 300, "too deep"),
    ],
)
def test_invalid_answers_are_refused(text: str, words: str) -> None:
    with pytest.raises(AnswerError, match=words):
        read_answer([{"type": "text", "text": text}])


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
