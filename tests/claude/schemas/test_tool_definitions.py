"""The names and limits of tool definitions; tests/world has schemas of strangers."""

import pytest

from chat.claude.encoding.text import MAX_DEPTH
from chat.claude.schemas import tool_definitions
from chat.claude.schemas.tool_definitions import DefinitionFault, definition_fault, input_schema_fault

OBJECT = {"type": "object"}


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 64])
def test_valid_names_have_no_fault(name: str) -> None:
    for kind in ({}, {"type": "custom"}):
        assert definition_fault({"name": name, "input_schema": OBJECT, **kind}) is None
    assert definition_fault({"name": name, "type": "web_search_20260318"}) is None


@pytest.mark.parametrize("name", ["", "x" * 65, "two words", "a.b", "도구", "a\n", None, 7])
def test_other_names_are_refused(name: object) -> None:
    for kind in ({"input_schema": OBJECT}, {"type": "web_search_20260318"}):
        assert definition_fault({"name": name, **kind}) == DefinitionFault("name", str(name))


def test_a_tool_needs_a_schema() -> None:
    assert definition_fault({"name": "a"}) == DefinitionFault("root")


def nested(depth: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def test_deep_and_long_schemas_are_refused() -> None:
    assert input_schema_fault(nested(20)) is None
    for depth in (MAX_DEPTH // 2 - 1, MAX_DEPTH):
        assert input_schema_fault(nested(depth)) == DefinitionFault("deep")
    long = {"type": "object", "description": "x" * tool_definitions.MAX_SCHEMA_CHARACTERS}
    assert input_schema_fault(long) == DefinitionFault("large", "200,000")


def test_names_are_found_behind_every_keyword() -> None:
    wrong = {"type": "object", "properties": {"a b": {}}}
    single = (
        "additionalProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "contains",
        "propertyNames",
    )
    for keyword in (*single, "items", "contentSchema", "not", "if", "then", "else"):
        assert input_schema_fault({"type": "object", "properties": {"x": {keyword: wrong}}})
    for keyword in ("prefixItems", "oneOf", "anyOf", "allOf"):
        fault = input_schema_fault({"type": "object", "properties": {"x": {keyword: [True, wrong]}}})
        assert fault == DefinitionFault("property", "a b", f"$.properties.x.{keyword}[1].properties")
    for keyword in ("patternProperties", "definitions", "dependentSchemas"):
        fault = input_schema_fault({"type": "object", keyword: {"y": wrong}})
        assert fault == DefinitionFault("property", "a b", f"$.{keyword}.y.properties")
