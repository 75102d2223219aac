"""Which output schemas are accepted, and that they exclude citations."""

from typing import Any

import anthropic
import pytest

from tests.simulator.asking import ask, said

CLOSED = {"type": "object", "additionalProperties": False}


def shaped(schema: Any) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def within(part: Any, **more: Any) -> dict[str, Any]:
    return {**CLOSED, "properties": {"part": part}, **more}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object"}, "additionalProperties"),
        (within({"type": "integer", "minimum": 1}), "property 'minimum' is not supported"),
        (within({"type": "array", "items": {"type": "string"}, "minItems": 2}), "minItems"),
        (within({"type": "string", "format": "color"}), "format"),
        (within({"type": "thing"}), "one of"),
        (within({}), "must have a type"),
        (within(True), "object"),
        (within({"$ref": "https://example.com/a"}), "external"),
        (within({"$ref": "#/$defs/a"}, **{"$defs": {"a": within({"$ref": "#/$defs/a"})}}), "recursive"),
        (within({"allOf": [{"$ref": "#/$defs/a"}]}, **{"$defs": {"a": CLOSED}}), "allOf"),
        (within({"anyOf": "x"}), "list"),
        ({**CLOSED, "properties": []}, "object"),
    ],
)
def test_refused_schemas(client: anthropic.Anthropic, schema: Any, words: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=words):
        ask(client, **shaped(schema))


def test_a_format_and_citations_exclude_each_other(client: anthropic.Anthropic) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "x"}
    document = {"type": "document", "source": source, "citations": {"enabled": True}}
    message = said("What?") | {"content": [document, {"type": "text", "text": "What?"}]}
    with pytest.raises(anthropic.BadRequestError, match="not supported with citations"):
        ask(client, messages=[message], **shaped(within({"type": "string"})))
    document["citations"]["enabled"] = False
    assert ask(client, messages=[message], **shaped(within({"type": "string"}))).stop_reason == "end_turn"
