from typing import Any

import anthropic
import pytest

from tests.simulator.asking import BOUND, TOOL, ask, invoice, replay, said

SHOWN = {"type": "adaptive", "display": "summarized"}
BOUND_MODELS = [
    "claude-fable-5-2",
    "claude-fable-5-1",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
]


def kinds(message: anthropic.types.Message) -> list[str]:
    return [block.type for block in message.content]


def without_thinking(message: dict[str, Any]) -> dict[str, Any]:
    return message | {"content": [block for block in message["content"] if block["type"] != "thinking"]}


def edited(message: dict[str, Any], **changes: Any) -> dict[str, Any]:
    first, *rest = message["content"]
    assert first["type"] == "thinking"
    return message | {"content": [first | changes, *rest]}


@pytest.fixture
def exchange(client: anthropic.Anthropic) -> list[dict[str, Any]]:
    """A question and its answer with thinking, from a prefix-bound model."""
    return [said("What is new?"), replay(ask(client, "What is new?", model=BOUND, system="Be kind."))]


@pytest.mark.parametrize(
    ("model", "config", "thinks", "shown"),
    [
        ("claude-fable-5-2", None, True, False),
        (BOUND, None, True, False),
        (BOUND, SHOWN, True, True),
        (BOUND, {"type": "between_tools"}, False, False),
        ("claude-opus-5", {"type": "disabled"}, False, False),
        ("claude-opus-4-8", None, False, False),
        ("claude-opus-4-8", {"type": "adaptive"}, True, False),
        ("claude-opus-4-5", {"type": "enabled", "budget_tokens": 1024}, True, True),
    ],
)
def test_thinking_settings_decide_what_is_shown(
    client: anthropic.Anthropic, model: str, config: Any, thinks: bool, shown: bool
):
    message = ask(client, model=model, **({"thinking": config} if config else {}))
    assert ("thinking" in kinds(message)) is thinks
    details = message.usage.output_tokens_details
    assert details is not None
    assert (details.thinking_tokens > 0) is thinks
    if thinks:
        assert message.content[0].type == "thinking"
        assert bool(message.content[0].thinking) is shown
        assert message.content[0].signature


def test_more_effort_is_more_thinking(client: anthropic.Anthropic):
    spent = [
        ask(client, model=BOUND, output_config={"effort": effort}).usage.output_tokens_details.thinking_tokens
        for effort in ("low", "high", "max")
    ]
    assert spent == sorted(set(spent))


def test_thinking_can_use_up_max_tokens(client: anthropic.Anthropic):
    message = ask(client, model=BOUND, max_tokens=20, text="Explain")
    assert (kinds(message), message.stop_reason, message.usage.output_tokens) == (
        ["thinking"],
        "max_tokens",
        20,
    )


@pytest.mark.parametrize("model", BOUND_MODELS)
def test_an_unchanged_conversation_is_accepted(client: anthropic.Anthropic, model: str):
    messages = [said("One"), replay(ask(client, "One", model=model)), said("Two")]
    second = replay(ask(client, messages=messages, model=model))
    assert ask(client, messages=[*messages, second, said("Three")], model=model).stop_reason == "end_turn"


@pytest.mark.parametrize("model", BOUND_MODELS)
def test_a_changed_prefix_is_refused(client: anthropic.Anthropic, model: str):
    answer = replay(ask(client, "One", model=model))
    with pytest.raises(
        anthropic.BadRequestError, match=r"Invalid `signature` in `thinking` block.*different conv"
    ):
        ask(client, messages=[said("Another"), answer, said("Two")], model=model)


@pytest.mark.parametrize("changes", [{"system": "Be strict."}, {"system": "Be kind.", "tools": [TOOL]}, {}])
def test_system_and_tools_belong_to_the_prefix(
    client: anthropic.Anthropic, exchange: list[Any], changes: dict[str, Any]
):
    with pytest.raises(anthropic.BadRequestError, match=r"messages\.1\.content\.0.*different conversation"):
        ask(client, messages=[*exchange, said("Go on")], model=BOUND, **changes)


def test_another_workspace_cannot_use_the_thinking(stranger: anthropic.Anthropic, exchange: list[Any]):
    with pytest.raises(anthropic.BadRequestError, match="different conversation"):
        ask(stranger, messages=[*exchange, said("Go on")], model=BOUND, system="Be kind.")


def test_older_models_do_not_bind_thinking(client: anthropic.Anthropic):
    answer = replay(ask(client, "One", model="claude-opus-5"))
    assert ask(client, messages=[said("Another"), answer, said("Two")], model="claude-opus-5").id


def test_cache_control_does_not_change_the_prefix(client: anthropic.Anthropic, exchange: list[Any]):
    marked = {"type": "text", "text": "What is new?", "cache_control": {"type": "ephemeral"}}
    system = [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}]
    messages = [{"role": "user", "content": [marked]}, exchange[1], said("Go on")]
    assert ask(client, messages=messages, model=BOUND, system=system).stop_reason == "end_turn"


def test_leaving_out_old_thinking_keeps_later_thinking_valid(
    client: anthropic.Anthropic, exchange: list[Any]
):
    messages = [*exchange, said("Go on")]
    second = replay(ask(client, messages=messages, model=BOUND, system="Be kind."))
    shorter = [exchange[0], without_thinking(exchange[1]), said("Go on"), second, said("And on")]
    assert ask(client, messages=shorter, model=BOUND, system="Be kind.").stop_reason == "end_turn"


@pytest.mark.parametrize("model", ["claude-opus-5", BOUND])
@pytest.mark.parametrize(
    "changes", [{"thinking": "Something else"}, {"signature": "bm90IG91cnM="}, {"signature": "?"}]
)
def test_edited_thinking_is_refused(client: anthropic.Anthropic, model: str, changes: dict[str, str]):
    answer = edited(replay(ask(client, "One", model=model, thinking=SHOWN)), **changes)
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
        ask(client, messages=[said("One"), answer, said("Two")], model=model)


def test_thinking_of_another_model_is_dropped_silently(client: anthropic.Anthropic, exchange: list[Any]):
    other = {"messages": [*exchange, said("Go on")], "model": "claude-opus-5-5"}
    bare = other | {"messages": [exchange[0], without_thinking(exchange[1]), said("Go on")]}
    assert client.messages.count_tokens(**other) == client.messages.count_tokens(**bare)


def test_replayed_thinking_is_billed_as_prompt(client: anthropic.Anthropic):
    first = ask(client, "One", model=BOUND)
    messages = [said("One"), replay(first), said("Two")]
    whole = client.messages.count_tokens(model=BOUND, messages=messages).input_tokens
    messages[1] = without_thinking(messages[1])
    bare = client.messages.count_tokens(model=BOUND, messages=messages).input_tokens
    assert whole - bare == first.usage.output_tokens_details.thinking_tokens


def start_loop(client: anthropic.Anthropic) -> tuple[list[Any], dict[str, Any]]:
    call = ask(client, "/tool get_weather {}", model=BOUND, tools=[TOOL])
    result = {"type": "tool_result", "tool_use_id": call.content[-1].id, "content": "sunny"}
    return [said("/tool get_weather {}"), replay(call)], result


def test_thinking_of_a_running_tool_loop_must_stay(client: anthropic.Anthropic):
    history, result = start_loop(client)
    assert history[1]["content"][0]["type"] == "thinking"
    results = {"role": "user", "content": [result]}
    assert ask(client, messages=[*history, results], model=BOUND, tools=[TOOL]).stop_reason == "end_turn"
    stripped = [history[0], without_thinking(history[1]), results]
    with pytest.raises(anthropic.BadRequestError, match="Expected `thinking`"):
        ask(client, messages=stripped, model=BOUND, tools=[TOOL])


def test_new_user_text_ends_the_loop(client: anthropic.Anthropic):
    history, result = start_loop(client)
    words = {"role": "user", "content": [result, {"type": "text", "text": "Never mind."}]}
    stripped = [history[0], without_thinking(history[1]), words]
    assert ask(client, messages=stripped, model=BOUND, tools=[TOOL], system="New.").stop_reason == "end_turn"


def test_interleaved_thinking_only_inside_the_loop(client: anthropic.Anthropic):
    settings = {"model": BOUND, "tools": [TOOL], "thinking": {"type": "between_tools"}}
    call = ask(client, "/tool get_weather {}", **settings)
    assert "thinking" not in kinds(call)
    result = {"type": "tool_result", "tool_use_id": call.content[-1].id, "content": "sunny"}
    messages = [said("/tool get_weather {}"), replay(call), {"role": "user", "content": [result]}]
    answer = ask(client, messages=messages, **settings)
    assert answer.content[0].type == "thinking"
    assert answer.content[0].thinking


def test_redacted_thinking_comes_back_and_is_checked(client: anthropic.Anthropic):
    answer = replay(ask(client, "[[scenario:redacted_thinking]] One", model=BOUND))
    assert answer["content"][0]["type"] == "redacted_thinking"
    history = [said("[[scenario:redacted_thinking]] One"), answer, said("Two")]
    assert ask(client, messages=history, model=BOUND).stop_reason == "end_turn"
    answer["content"][0]["data"] = "bm90IG91cnM="
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `redacted_thinking`"):
        ask(client, messages=history, model=BOUND)
    assert invoice(client)["rows"][-1]["billed"] is False
