from typing import Any

import anthropic
import pytest

from tests.simulator.asking import BOUND, TOOL, ask, body, said

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def refused(client: anthropic.Anthropic, **changes: Any) -> str:
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, **changes)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.request_id
    return caught.value.api_message or str(caught.value)


def test_unknown_and_retired_models_are_not_found(client: anthropic.Anthropic):
    for model in ("claude-unknown", "claude-opus-4-1-20250805"):
        with pytest.raises(anthropic.NotFoundError):
            client.post(
                "/v1/messages",
                body={"model": model, "max_tokens": 9, "messages": [said("x")]},
                cast_to=object,
            )


@pytest.mark.parametrize("field", ["model", "max_tokens", "messages"])
def test_required_fields(client: anthropic.Anthropic, field: str):
    request = {name: value for name, value in body().items() if name != field}
    with pytest.raises(anthropic.BadRequestError, match=f"{field}: Field required"):
        client.post("/v1/messages", body=request, cast_to=object)


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_new_models_refuse_sampling_parameters(client: anthropic.Anthropic, name: str):
    assert name in refused(client, model="claude-opus-4-6", extra_body={name: 1})


def test_older_models_accept_sampling_parameters(client: anthropic.Anthropic):
    old = {"extra_headers": {"anthropic-version": "2023-06-01"}}
    assert (
        ask(client, model="claude-opus-4-6", extra_body={"temperature": 0.5}, **old).stop_reason == "end_turn"
    )
    assert ask(client, extra_body={"temperature": 1}, **old).stop_reason == "end_turn"
    assert "temperature" in refused(client, extra_body={"temperature": 0.5}, **old)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("claude-fable-5-2", {"type": "disabled"}),
        ("claude-opus-5-5", {"type": "disabled"}),
        ("claude-sonnet-5-5", {"type": "disabled"}),
        ("claude-sonnet-5", {"type": "enabled", "budget_tokens": 2000}),
        ("claude-opus-4-8", {"type": "enabled", "budget_tokens": 2000}),
        ("claude-opus-5", {"type": "between_tools"}),
        ("claude-opus-4-5", {"type": "adaptive"}),
        ("claude-opus-4-5", {"type": "enabled", "budget_tokens": 1023}),
        ("claude-opus-4-5", {"type": "enabled", "budget_tokens": 4000}),
        ("claude-opus-5", {"type": "adaptive", "budget_tokens": 2000}),
        ("claude-opus-5", {"type": "disabled", "display": "omitted"}),
        ("claude-opus-5", {"type": "adaptive", "display": "updates"}),
        ("claude-opus-5", {"type": "sometimes"}),
    ],
)
def test_thinking_settings_that_a_model_refuses(
    client: anthropic.Anthropic, model: str, config: dict[str, Any]
):
    assert "thinking" in refused(client, model=model, thinking=config)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        ("claude-fable-5-2", {"type": "adaptive"}),
        ("claude-sonnet-5-5", {"type": "between_tools"}),
        ("claude-haiku-5-5", {"type": "disabled"}),
        ("claude-opus-4-5", {"type": "enabled", "budget_tokens": 2000}),
    ],
)
def test_thinking_settings_that_a_model_accepts(
    client: anthropic.Anthropic, model: str, config: dict[str, Any]
):
    assert ask(client, model=model, thinking=config).stop_reason == "end_turn"


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "claude-haiku-4-5", "output_config": {"effort": "low"}},
        {"model": "claude-opus-4-6", "output_config": {"effort": "xhigh"}},
        {"model": "claude-opus-5", "output_config": {"effort": "max"}, "thinking": {"type": "disabled"}},
        {"model": BOUND, "output_config": {"effort": "xhigh"}, "thinking": {"type": "between_tools"}},
        {"output_config": {"effort": "huge"}},
        {"output_config": {"format": {"type": "json_schema"}}},
        {"model": BOUND, "tools": [TOOL], "tool_choice": {"type": "any"}},
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "other"}},
        {"tool_choice": {"type": "auto"}},
        {"tools": [TOOL, TOOL]},
        {"tools": [{"name": "a b", "input_schema": SCHEMA}]},
        {"tools": [{"name": "a"}]},
        {"tools": [{"name": "a", "input_schema": {"type": "string"}}]},
        {"max_tokens": 128_001},
        {"max_tokens": -1},
        {"max_tokens": 0},
        {"stop_sequences": [" "]},
        {"metadata": {"name": "x"}},
        {"service_tier": "priority"},
        {"speed": "fast"},
        {"model": "claude-sonnet-5", "speed": "fast"},
        {"model": "claude-opus-4-5", "inference_geo": "us"},
        {"inference_geo": "moon"},
        {"system": [{"type": "text", "text": ""}]},
        {"system": [{"type": "image"}]},
        {"extra_body": {"fallbacks": "default"}},
        {"extra_body": {"surprise": 1}},
    ],
)
def test_settings_that_break_a_rule(client: anthropic.Anthropic, changes: dict[str, Any]):
    assert refused(client, **changes)


def test_enabled_thinking_forbids_a_forced_tool(client: anthropic.Anthropic):
    thinking = {"type": "enabled", "budget_tokens": 2000}
    assert refused(
        client, model="claude-opus-4-5", thinking=thinking, tools=[TOOL], tool_choice={"type": "any"}
    )


def test_a_beta_field_needs_its_header(client: anthropic.Anthropic):
    extra = {"extra_body": {"fallbacks": "default"}}
    headers = {"anthropic-beta": "server-side-fallback-2026-07-01"}
    assert ask(client, **extra, extra_headers=headers).stop_reason == "end_turn"


def test_threads_are_refused_with_their_own_code(client: anthropic.Anthropic):
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client, extra_body={"thread": {}}, extra_headers={"anthropic-beta": "message-threads-2026-08-12"})
    assert caught.value.error_code == "thread_unsupported_request"


def test_fast_mode_is_reported(client: anthropic.Anthropic):
    assert ask(client, model="claude-opus-5-5", speed="fast").usage.speed == "fast"
    assert ask(client, model="claude-opus-4-6", speed="fast").usage.speed == "standard"


def test_a_prompt_above_the_context_is_refused(client: anthropic.Anthropic):
    assert "prompt is too long" in refused(client, model="claude-opus-4-5", text="x" * 900_000)


def test_count_tokens_equals_the_usage_of_the_answer(client: anthropic.Anthropic):
    request = {"model": BOUND, "messages": [said("How many?")], "system": "Count.", "tools": [TOOL]}
    counted = client.messages.count_tokens(**request).input_tokens
    assert counted == client.messages.create(**request, max_tokens=2000).usage.input_tokens
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        client.messages.count_tokens(**request, extra_body={"max_tokens": 1})
