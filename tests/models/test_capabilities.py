"""What a model's row and its platform say that it supports."""

import dataclasses
from typing import Any

import pytest

from chat.models import LanguageModel, ProviderConnection
from chat.models.catalogue.capabilities import ASSUMED, Capabilities

COMPACTION = {"context_management": {"compact_20260112": {"supported": True}}}


def read(kind: str = "anthropic", **row: Any) -> Capabilities:
    return Capabilities.read(row, kind)


def test_empty_rows_support_what_is_assumed() -> None:
    empty = read()
    assert {name for name, value in dataclasses.asdict(empty).items() if value is True} == ASSUMED.keys()
    assert (empty.thinking_types, empty.efforts, empty.effort_limits) == (frozenset(), frozenset(), None)
    assert empty.image_side_pixels == 2576


@pytest.mark.parametrize("row", [None, [], "text", {"thinking": [], "effort": None, "image_input": 7}])
def test_malformed_rows_count_as_empty(row: Any) -> None:
    assert Capabilities.read(row, "anthropic") == read()


@pytest.mark.parametrize(
    ("value", "supported"),
    [(True, True), (False, False), ({"supported": True}, True), ({"supported": False}, False)],
)
@pytest.mark.parametrize("name", ["context", "system_messages"])
def test_the_row_decides(name: str, value: Any, supported: bool) -> None:
    assert getattr(read(**{name: value}), name) is supported


@pytest.mark.parametrize("value", [None, {}, {"levels": 2}, {"supported": None}])
def test_no_statement_leaves_the_default(value: Any) -> None:
    assert read(context=value).context
    assert not read(system_messages=value).system_messages


@pytest.mark.parametrize(
    ("kind", "row", "supported"),
    [
        ("anthropic", {}, (True, True, True)),
        ("vertex", {}, (True, False, False)),
        ("bedrock", {}, (False, False, False)),
        ("bedrock", {"server_tools": True}, (True, False, False)),
        ("compatible", {}, (True, True, False)),
        ("compatible", {"mcp_connector": {"supported": True}}, (True, True, True)),
    ],
)
def test_platforms_change_the_default(kind: str, row: Any, supported: tuple[bool, ...]) -> None:
    found = read(kind, **row)
    assert (found.server_tools, found.code_execution, found.mcp_connector) == supported


@pytest.mark.parametrize(("kind", "supported"), [("anthropic", True), ("simulator", True), ("vertex", False)])
def test_compaction_needs_the_platform(kind: str, supported: bool) -> None:
    assert read(kind, **COMPACTION).compaction is supported
    assert not read(kind).compaction


def test_thinking_and_effort_are_read() -> None:
    found = read(
        thinking={"supported": True, "types": {"adaptive": {"supported": True}, "disabled": False}}
        | {"effort_limits": {"disabled": "low"}},
        effort={"low": True, "high": {"supported": True}, "max": False, "default": "medium"},
    )
    assert found.thinking_types == {"adaptive"}
    assert found.efforts == {"low", "high"}
    assert (found.effort_limits, found.default_effort) == ({"disabled": "low"}, "medium")


def test_a_model_reads_its_row_once() -> None:
    connection = ProviderConnection(kind="anthropic")
    model = LanguageModel(connection=connection, capabilities={"image_input": {"side_pixels": 1568}})
    assert model.supports.image_side_pixels == 1568
    assert model.supports is model.supports
