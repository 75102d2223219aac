"""What stands before the messages of a turn: frozen once, shared by all turns that have the same."""

from typing import Any

import pytest

from chat.models import Assistant, Frame, LanguageModel, PromptRevision, SystemPrompt
from chat.operations.frames import accepts_thinking, answer_limit, freeze_frame
from tests import factories

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


def test_the_newest_revision_is_frozen_with_its_marks(model: LanguageModel) -> None:
    guide = Assistant.objects.create(name="Guide", prompt=prompt("Old words.", "New words."))
    assert freeze_frame(model=model, assistant=guide).body["system"] == [
        {"type": "text", "text": "New words.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "Be brief."},
    ]


@pytest.mark.parametrize(
    ("capabilities", "thinking", "output_config"),
    [
        ({}, None, None),
        ({"thinking": None, "effort": None}, None, None),
        ({"thinking": {"types": {"adaptive": False}}, "effort": {"high": False}}, None, None),
        ({"thinking": {"types": {"adaptive": {"supported": False}}}}, None, None),
        ({"thinking": {"types": {"adaptive": True}}}, {"type": "adaptive", "display": "summarized"}, None),
        ({"effort": {"high": {"supported": True}, "low": True}}, None, {"effort": "high"}),
    ],
)
def test_capabilities_decide(capabilities: dict[str, Any], thinking: Any, output_config: Any) -> None:
    model = factories.language_model("claude-able", capabilities=capabilities)
    eager = Assistant.objects.create(name="Eager", effort="high")
    body = freeze_frame(model=model, assistant=eager).body
    assert (body.get("thinking"), body.get("output_config")) == (thinking, output_config)
    assert accepts_thinking(model, "adaptive") == (thinking is not None)
    assert "output_config" not in freeze_frame(model=model, assistant=Assistant(effort="")).body


@pytest.mark.parametrize(("wish", "limit"), [(None, 100), (50, 50), (5000, 1000)])
def test_the_answer_limit_is_the_assistants_within_the_models(wish: int | None, limit: int) -> None:
    model = factories.language_model("claude-limit", default_max_tokens=100, max_output_tokens=1000)
    assert answer_limit(model, Assistant(max_tokens=wish)) == limit
    assert answer_limit(model, None) == 100


def test_tools_stand_in_staffs_order(model: LanguageModel) -> None:
    handy = Assistant.objects.create(name="Handy")
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    for order, (name, fields) in enumerate(
        {
            "zeta": {"input_schema": schema, "description": "Z."},
            "alpha": {},
            "off": {"enabled": False},
        }.items()
    ):
        handy.tool_links.create(tool=factories.tool(name, **fields), order=order)
    assert freeze_frame(model=model, assistant=handy).body["tools"] == [
        {"name": "zeta", "description": "Z.", "input_schema": schema},
        {"name": "alpha", "description": "", "input_schema": {"type": "object"}},
    ]
