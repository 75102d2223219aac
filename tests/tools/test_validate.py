"""Inputs validated against trusted and untrusted schemas."""

import dataclasses
from typing import Any

import pytest

from chat.readers.process import sandbox
from chat.tools.validate import input_problem

SCHEMA = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 1},
        "name": {"type": "string", "pattern": "^[a-z]+$"},
    },
    "required": ["count"],
    "additionalProperties": False,
}


def test_valid_input_is_accepted() -> None:
    assert input_problem(SCHEMA, {"count": 1, "name": "abc"}) == ""
    assert input_problem({"type": "object"}, {}) == ""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "'count' is a required property"),
        ({"count": "1"}, "$.count: '1' is not of type 'integer'"),
        ({"count": 0}, "$.count: 0 is less than the minimum of 1"),
        ({"count": 1, "name": "A"}, "$.name: 'A' does not match"),
        ({"count": 1, "more": 2}, "Additional properties are not allowed ('more' was unexpected)"),
        ([], "JSON object"),
        (None, "JSON object"),
        ("{}", "JSON object"),
    ],
)
def test_invalid_input_is_explained(given: Any, words: str) -> None:
    assert words in input_problem(SCHEMA, given)


def test_messages_are_limited() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    problem = input_problem(schema, {f"k{number}": "x" * 10_000 for number in range(50)})
    assert "(and 45 more)" in problem
    assert len(problem) < 2_500


def test_deep_input_is_refused() -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"a": deep}
    assert input_problem({"type": "object"}, deep) == "The input is nested too deep."


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.org/schema.json"},
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/x"}}},
        {"type": "object", "properties": 5},
        {"type": "nonsense"},
        {"type": "object", "patternProperties": {"(": {}}},
    ],
)
def test_unusable_schemas_are_a_problem_of_the_tool(schema: Any) -> None:
    assert "schema can't be used" in input_problem(schema, {"a": 1})


@pytest.mark.parametrize("trusted", [True, False])
def test_slow_patterns_time_out(trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "CHECKS", dataclasses.replace(sandbox.CHECKS, seconds=1))
    schema = {"type": "object", "properties": {"b": {"type": "string", "pattern": "^(a+)+$"}}}
    assert input_problem(schema, {"b": "aaa"}, trusted=trusted) == ""
    assert "does not match" in input_problem(schema, {"b": "b"}, trusted=trusted)
    assert "schema can't be used" in input_problem(schema, {"b": "a" * 60 + "!"}, trusted=trusted)
