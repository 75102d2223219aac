"""Cache diagnostics over HTTP: null without a difference, otherwise the first part that differs."""

from typing import Any

import anthropic
import pytest

from chat.simulator.prompts import cache_diagnostics
from tests.simulator.asking import TOOL, ask, replay, said

SYSTEM = [{"type": "text", "text": "s" * 3600, "cache_control": {"type": "ephemeral"}}]


def diagnosed(client: anthropic.Anthropic, previous: str | None, **changes: Any) -> anthropic.types.Message:
    return ask(client, system=SYSTEM, **{"diagnostics": {"previous_message_id": previous}, **changes})


def told(message: anthropic.types.Message) -> Any:
    return message.to_dict(mode="json", warnings=False)["diagnostics"]


def test_no_diagnostics_without_the_parameter(client: anthropic.Anthropic):
    assert "diagnostics" not in ask(client, system=SYSTEM).to_dict(mode="json", warnings=False)


def test_growing_conversation_has_no_difference(client: anthropic.Anthropic):
    first = diagnosed(client, None, messages=[said("One")])
    grown = [said("One"), replay(first), said("Two")]
    second = diagnosed(client, first.id, messages=grown)
    assert (told(first), told(second)) == (None, None)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"model": "claude-opus-5"}, "model_changed"),
        ({"tools": [TOOL]}, "tools_changed"),
        ({"system": "Another one"}, "system_changed"),
        ({"messages": [said("Otherwise")]}, "messages_changed"),
    ],
)
def test_the_first_difference_is_named(client: anthropic.Anthropic, changes: dict[str, Any], kind: str):
    first = diagnosed(client, None)
    total = first.usage.input_tokens + (first.usage.cache_creation_input_tokens or 0)
    read = {"messages_changed": 1204}.get(kind, 0)
    expected = {"type": kind, "cache_missed_input_tokens": total - read}
    assert told(ask_changed(client, first.id, changes)) == {"cache_miss_reason": expected}


def ask_changed(client: anthropic.Anthropic, previous: str, changes: dict[str, Any]) -> Any:
    return ask(client, **{"system": SYSTEM, "diagnostics": {"previous_message_id": previous}, **changes})


def test_other_settings_make_it_unavailable(client: anthropic.Anthropic):
    first = diagnosed(client, None)
    second = diagnosed(client, first.id, output_config={"effort": "low"})
    assert told(second) == {"cache_miss_reason": {"type": "unavailable"}}


def test_foreign_and_forgotten_requests_are_not_found(
    client: anthropic.Anthropic, stranger: anthropic.Anthropic, monkeypatch: pytest.MonkeyPatch
):
    missing = {"cache_miss_reason": {"type": "previous_message_not_found"}}
    first = diagnosed(client, None)
    assert told(diagnosed(stranger, first.id)) == missing
    monkeypatch.setattr(cache_diagnostics, "MAX_REMEMBERED", 1)
    diagnosed(client, None, messages=[said("Something else")])
    assert told(diagnosed(client, first.id)) == missing


def test_streams_have_diagnostics_in_message_start(client: anthropic.Anthropic):
    with client.messages.create(
        model="claude-opus-4-8",
        max_tokens=50,
        messages=[said("Hello")],
        diagnostics={"previous_message_id": "msg_unknown"},
        stream=True,
    ) as events:
        start = next(event for event in events if event.type == "message_start")
    assert told(start.message) == {"cache_miss_reason": {"type": "previous_message_not_found"}}


def test_previous_id_has_to_be_a_string(client: anthropic.Anthropic):
    with pytest.raises(anthropic.BadRequestError, match="previous_message_id"):
        diagnosed(client, ["msg_1"])  # type: ignore[arg-type]
