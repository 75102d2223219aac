"""The frame of a turn: frozen once, and shared by all turns with the same frame."""

from typing import Any

import pytest

from chat.models import (
    Assistant,
    AssistantTool,
    Frame,
    LanguageModel,
    McpServer,
    PromptRevision,
    SystemPrompt,
    ToolDefinition,
)
from chat.operations.request.frame import freeze_frame

pytestmark = pytest.mark.django_db


def prompt(*texts: str) -> SystemPrompt:
    made = SystemPrompt.objects.create(name=texts[0])
    for number, text in enumerate(texts, start=1):
        blocks = [{"text": text, "cache": "1h"}, {"text": "Be brief."}]
        PromptRevision.objects.create(prompt=made, number=number, blocks=blocks)
    return made


def test_a_bare_model_has_the_smallest_frame(model: LanguageModel) -> None:
    frame = freeze_frame(model=model, assistant=None)
    assert frame.body == {"model": "claude-test"}
    assert freeze_frame(model=model, assistant=Assistant.objects.create(name="Plain")) == frame
    empty = SystemPrompt.objects.create(name="Nothing yet")
    assert freeze_frame(model=model, assistant=Assistant.objects.create(name="New", prompt=empty)) == frame
    assert Frame.objects.count() == 1


def test_newest_prompt_revision_is_frozen_with_its_marks(model: LanguageModel) -> None:
    guide = Assistant.objects.create(name="Guide", prompt=prompt("Old words.", "New words."))
    assert freeze_frame(model=model, assistant=guide).body["system"] == [
        {"type": "text", "text": "New words.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "Be brief."},
    ]


def tool(name: str, assistant: Assistant, order: int = 100, **fields: Any) -> ToolDefinition:
    made = ToolDefinition.objects.create(
        **{"name": name, "kind": "python", "target": name, "description": f"Tells the {name}.", **fields}
    )
    AssistantTool.objects.create(assistant=assistant, tool=made, order=order)
    return made


def test_tools_are_frozen_in_one_order(model: LanguageModel) -> None:
    guide = Assistant.objects.create(name="Guide")
    schema = {
        "properties": {"z": {"type": "string"}, "a": {"type": "string"}},
        "required": ["z"],
        "additionalProperties": False,
    }
    tool("weather", guide, input_schema=schema, strict=True)
    tool("map", guide)
    tool("web_search", guide, order=1, kind="server", options={"type": "web_search_20260318", "max_uses": 5})
    body = freeze_frame(model=model, assistant=guide).body
    assert [list(definition) for definition in body["tools"]] == [
        ["type", "max_uses", "name"],
        ["name", "description", "input_schema"],
        ["name", "description", "input_schema", "strict"],
    ]
    assert [definition["name"] for definition in body["tools"]] == ["web_search", "map", "weather"]
    assert list(body["tools"][2]["input_schema"]) == [
        "type",
        "properties",
        "required",
        "additionalProperties",
    ]
    assert list(body["tools"][2]["input_schema"]["properties"]) == ["z", "a"]
    assert freeze_frame(model=model, assistant=Assistant.objects.create(name="Other")).body == {
        "model": "claude-test"
    }
    assert "tools" not in freeze_frame(model=model, assistant=Assistant()).body


def test_tools_that_cannot_run_are_left_out(model: LanguageModel) -> None:
    guide = Assistant.objects.create(name="Guide")
    servers = {
        name: McpServer.objects.create(name=name, url="https://mcp.example.test", **fields)
        for name, fields in {"off": {"enabled": False}, "theirs": {"route": "connector"}, "ours": {}}.items()
    }
    for name, server in servers.items():
        tool(f"mcp_{name}", guide, kind="mcp", server=server)
    tool("disabled", guide, enabled=False)
    tool("web_search", guide, kind="server", options={"type": "web_search_20260318"})
    model.capabilities = {"server_tools": {"supported": False}}
    body = freeze_frame(model=model, assistant=guide).body
    assert [definition["name"] for definition in body["tools"]] == ["mcp_ours"]


def test_a_schema_becomes_the_output_format(model: LanguageModel) -> None:
    model.capabilities = {"structured_outputs": {"supported": True}}
    kinds = {"b": {"type": "string"}, "a": {"type": "string"}}
    schema = {"type": "object", "properties": kinds, "additionalProperties": False}
    frame = freeze_frame(model=model, assistant=None, output_schema=schema)
    assert frame.body["output_config"] == {"format": {"type": "json_schema", "schema": schema}}
    assert list(frame.body["output_config"]["format"]["schema"]["properties"]) == ["b", "a"]


def test_thinking_and_effort_are_frozen(model: LanguageModel) -> None:
    model.capabilities = {"thinking": {"types": {"adaptive": True}}, "effort": {"high": True}}
    eager = Assistant(effort="high", thinking="omitted")
    body = freeze_frame(model=model, assistant=eager).body
    assert body["thinking"] == {"type": "adaptive", "display": "omitted"}
    assert body["output_config"] == {"effort": "high"}
