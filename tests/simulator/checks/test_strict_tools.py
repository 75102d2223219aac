"""Strict tools in the simulator: schemas without a fault are accepted, and others refused."""

from typing import Any

import anthropic
import pytest

from chat.claude.schemas import strict_tools
from tests.claude.schemas.test_strict_tools import TEXT, closed
from tests.simulator.asking import ask


def tools(schema: Any, count: int = 1) -> list[dict[str, Any]]:
    return [{"name": f"t{number}", "input_schema": schema, "strict": True} for number in range(count)]


SCHEMAS = [
    {"type": "object", "properties": {"a": TEXT}},
    closed(a={"type": "integer", "minimum": 1}),
    closed(a={"type": "array", "items": {"type": "string", "maxLength": 5}}),
    closed(a={}),
    closed(a={"$ref": "#/$defs/none"}),
]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_with_a_fault_is_refused(client: anthropic.Anthropic, schema: Any):
    assert strict_tools.strict_fault(schema)
    with pytest.raises(anthropic.BadRequestError):
        ask(client, tools=tools(schema))
    loose = [{**tools(schema)[0], "strict": False}]
    assert ask(client, tools=loose).stop_reason == "end_turn"


@pytest.mark.parametrize(
    ("schema", "most", "words"),
    [
        (closed(), 20, "too many strict tools: 21 > 20"),
        (closed(**{f"p{n}": TEXT for n in range(12)}), 2, "too many optional parameters"),
        (closed(["a"], a={"anyOf": [TEXT, {"type": "null"}]}), 16, "too many union-typed parameters"),
    ],
)
def test_strict_tools_per_request_are_limited(
    client: anthropic.Anthropic, schema: Any, most: int, words: str
):
    assert ask(client, tools=tools(schema, most)).stop_reason == "end_turn"
    with pytest.raises(anthropic.BadRequestError, match=words):
        ask(client, tools=tools(schema, most + 1))
    assert (
        ask(client, tools=strict_tools.limit_strict_tools(tools(schema, most + 1))).stop_reason == "end_turn"
    )
