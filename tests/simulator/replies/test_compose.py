import json
from typing import Any

import anthropic
import pytest

from tests.simulator.asking import BOUND, TOOL, ask, replay, said, scenario, text_of

TIME = {"name": "read_clock", "input_schema": {"type": "object", "properties": {}}}


def results(message: anthropic.types.Message, **changes: Any) -> dict[str, Any]:
    """Return the user message that answers every call of `message`."""
    ids = [block.id for block in message.content if block.type == "tool_use"]
    return {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": i, "content": "21 degrees"} | changes for i in ids
        ],
    }


def calls(message: anthropic.types.Message) -> list[tuple[str, Any]]:
    return [(block.name, block.input) for block in message.content if block.type == "tool_use"]


def test_the_default_answer_shows_markdown_and_what_arrived(client: anthropic.Anthropic):
    text = text_of(ask(client, "Tell me about rivers", system="Be kind.", tools=[TIME]))
    for expected in (
        "## ",
        "| Messages | 1 |",
        "```",
        "1. ",
        "> Tell me about rivers",
        "8 characters",
        "`read_clock`",
    ):
        assert expected in text


def test_korean_is_answered_in_korean(client: anthropic.Anthropic):
    text = text_of(ask(client, "강에 대해 알려 주세요"))
    assert "제가 받은 것" in text
    assert "> 강에 대해 알려 주세요" in text


@pytest.mark.parametrize(
    ("text", "system", "title"),
    [
        ("how do i bake sourdough bread at home today?", "Write a title.", "How do i bake sourdough bread"),
        ("Write a short title for this:\n\nUser: rivers of Asia!", None, "Rivers of Asia"),
        ("[[scenario:overloaded]] rivers", "Answer with a title", "Rivers"),
        ("이 대화의 제목을 지어 주세요\n사용자: 한강의 역사", None, "한강의 역사"),
        ("title", None, "Title"),
    ],
)
def test_title_requests_get_a_short_plain_title(
    client: anthropic.Anthropic, text: str, system: str | None, title: str
):
    settings = {"system": system} if system else {}
    message = ask(client, text, max_tokens=64, model=BOUND, **settings)
    assert (text_of(message), message.stop_reason) == (title, "end_turn")


@pytest.mark.parametrize("text", ["Continue from where you stopped: …", "continue", "계속해 주세요"])
def test_continuation_has_no_new_beginning(client: anthropic.Anthropic, text: str):
    answer = text_of(ask(client, messages=[said("x"), {"role": "assistant", "content": "part"}, said(text)]))
    assert not answer.startswith("#")
    assert len(answer) > 60


def test_context_blocks_are_not_user_text(client: anthropic.Anthropic):
    words, context = (
        {"type": "text", "text": t} for t in ("Hello", "<context>\nToday is Monday.\n</context>")
    )
    both = {"messages": [{"role": "user", "content": [words, context]}]}
    assert text_of(ask(client, **both, **scenario("echo"))) == "Hello"
    alone = {"messages": [{"role": "user", "content": [context]}]}
    assert "Monday" in text_of(ask(client, **alone, **scenario("echo")))


def test_tool_lines_become_parallel_calls(client: anthropic.Anthropic):
    text = (
        'Please:\n/tool get_weather {"city": "Busan", "a": [1]}\n/tool unknown_tool\n/tool read_clock {broken'
    )
    message = ask(client, text, tools=[TOOL, TIME])
    assert message.stop_reason == "tool_use"
    assert calls(message) == [
        ("get_weather", {"city": "Busan", "a": [1]}),
        ("unknown_tool", {}),
        ("read_clock", {"input": "{broken"}),
    ]


def test_a_mentioned_tool_is_called_with_input_from_its_schema(client: anthropic.Anthropic):
    message = ask(client, "Can you get weather for me?", tools=[TOOL, TIME])
    assert calls(message) == [
        ("get_weather", {"city": "Can you get weather for me?", "unit": "C", "days": 1})
    ]


@pytest.mark.parametrize(
    ("choice", "text", "names"),
    [
        ({"type": "none"}, "/tool read_clock", []),
        ({"type": "any"}, "hello", ["get_weather"]),
        ({"type": "tool", "name": "read_clock"}, "hello", ["read_clock"]),
        ({"type": "auto"}, "hello", []),
        (
            {"type": "auto", "disable_parallel_tool_use": True},
            "/tool read_clock\n/tool get_weather",
            ["read_clock"],
        ),
    ],
)
def test_tool_choice_is_obeyed(client: anthropic.Anthropic, choice: Any, text: str, names: list[str]):
    found = calls(ask(client, text, tools=[TOOL, TIME], tool_choice=choice))
    assert [name for name, _ in found] == names


def test_tool_line_without_tools_is_text(client: anthropic.Anthropic):
    assert ask(client, "/tool read_clock").stop_reason == "end_turn"


@pytest.mark.parametrize(
    ("changes", "words"), [({}, "answered"), ({"is_error": True}, "failed"), ({"content": []}, "none")]
)
def test_tool_results_are_reported(client: anthropic.Anthropic, changes: dict[str, Any], words: str):
    call = ask(client, "/tool get_weather {}", tools=[TOOL])
    history = [said("/tool get_weather {}"), replay(call), results(call, **changes)]
    text = text_of(ask(client, messages=history, tools=[TOOL]))
    assert "`get_weather`" in text
    assert words in text
    assert ("21 degrees" in text) is (changes.get("content") is None)


def test_a_tool_loop_ends_after_its_rounds(client: anthropic.Anthropic):
    messages: list[Any] = [said("[[scenario:tool_loop rounds=2]] go")]
    for expected in ("tool_use", "tool_use", "end_turn"):
        answer = ask(client, messages=messages, model=BOUND, tools=[TOOL])
        assert answer.stop_reason == expected
        messages += [replay(answer), results(answer)]


def test_structured_output_follows_the_schema(client: anthropic.Anthropic):
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "tags": {"type": "array", "items": {"enum": ["x", "y"]}},
            "nested": {"anyOf": [{"$ref": "#/$defs/inner"}, {"type": "null"}]},
            "nothing": {"type": ["null", "string"]},
            "fixed": {"const": 7},
        },
        "additionalProperties": False,
        "$defs": {
            "inner": {
                "type": "object",
                "properties": {"ok": {"type": "boolean"}},
                "additionalProperties": False,
            }
        },
    }
    message = ask(client, "Fill it", output_config={"format": {"type": "json_schema", "schema": schema}})
    assert json.loads(text_of(message)) == {
        "name": "Fill it",
        "tags": ["x"],
        "nested": {"ok": True},
        "nothing": None,
        "fixed": 7,
    }


def test_stop_sequences_cut_the_text(client: anthropic.Anthropic):
    message = ask(client, "[[scenario:echo]] one STOP two END", stop_sequences=["END", "STOP"])
    assert (text_of(message), message.stop_reason, message.stop_sequence) == ("one ", "stop_sequence", "STOP")


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_answers_keep_within_max_tokens(client: anthropic.Anthropic, limit: int):
    message = ask(client, "Tell me everything", max_tokens=limit)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", limit)


def test_the_context_window_can_fill_up(client: anthropic.Anthropic):
    message = ask(client, "x" * 4 * 199_950, model="claude-opus-4-5")
    assert message.stop_reason == "model_context_window_exceeded"
    assert message.usage.input_tokens + message.usage.output_tokens == 200_000


@pytest.mark.parametrize(
    ("written", "kinds", "stop"),
    [
        ("empty", [], "end_turn"),
        ("empty_text", ["text"], "end_turn"),
        ("whitespace", ["text"], "end_turn"),
        ("max_tokens after=5", ["text"], "max_tokens"),
        ("max_tokens_tool", ["tool_use"], "max_tokens"),
        ("bad_tool_json", ["tool_use"], "tool_use"),
        ("stops reason=compaction", ["text"], "compaction"),
        ("context_exceeded", ["text"], "model_context_window_exceeded"),
        ("refusal", [], "refusal"),
        ("refusal_mid", ["text"], "refusal"),
        ("pause_turn", ["text", "server_tool_use"], "pause_turn"),
        ("hostile", ["text"], "end_turn"),
        ("odd_text", ["text"], "end_turn"),
        ("lone_surrogate", ["text"], "end_turn"),
        ("burst", ["text"], "end_turn"),
        ("slow_first_byte first_byte=0.05", ["text"], "end_turn"),
    ],
)
def test_answer_scenarios(client: anthropic.Anthropic, written: str, kinds: list[str], stop: str):
    message = ask(client, **scenario(written))
    assert ([block.type for block in message.content], message.stop_reason) == (kinds, stop)


def test_a_search_is_cited_read_and_billed(client: anthropic.Anthropic):
    tool = {"type": "web_search_20250305", "name": "web_search"}
    plain = ask(client, "[[scenario:echo]] Rivers?", tools=[tool]).usage.input_tokens
    question = said("[[scenario:web_search found=700]] Rivers?")
    first = ask(client, messages=[question], tools=[tool])
    kinds = ["text", "server_tool_use", "web_search_tool_result", "text", "text"]
    assert [block.type for block in first.content] == kinds
    assert first.content[3].citations[0].url == first.content[2].content[0].url
    assert first.usage.input_tokens > plain + 690
    assert first.usage.server_tool_use.web_search_requests == 1
    # It is sent back unchanged, and without the tool there is no search.
    again = [question, replay(first), question]
    assert ask(client, messages=again, tools=[tool]).stop_reason == "end_turn"
    assert [block.type for block in ask(client, messages=[question]).content] == ["text"]


def test_sizes_are_exact(client: anthropic.Anthropic):
    assert ask(client, **scenario("long tokens=777")).usage.output_tokens == 777
    assert ask(client, **scenario("default tokens=1500")).usage.output_tokens == 1500
    assert (
        ask(
            client, model=BOUND, **scenario("echo thinking_tokens=300")
        ).usage.output_tokens_details.thinking_tokens
        == 300
    )
    assert len(text_of(ask(client, **scenario("huge_delta bytes=50000")))) == 50_000


def test_odd_characters_survive_the_wire(client: anthropic.Anthropic):
    text = text_of(ask(client, **scenario("odd_text")))
    assert "\x00" in text
    assert "\u202e" in text
    assert "\ud83d" in text_of(ask(client, **scenario("lone_surrogate")))


@pytest.mark.parametrize(("category", "billed"), [("cyber", False), ("bio", True), ("none", False)])
def test_refusals_carry_details(client: anthropic.Anthropic, category: str, billed: bool):
    message = ask(client, **scenario(f"refusal category={category}"))
    assert message.stop_details is not None
    assert message.stop_details.category == (None if category == "none" else category)
    rows = client.get("/simulator/invoice", cast_to=object)["rows"]  # type: ignore[index]
    assert rows[-1]["billed"] is billed


def test_a_paused_turn_goes_on_when_it_is_sent_back(client: anthropic.Anthropic):
    question = said("[[scenario:pause_turn rounds=2]] Search for rivers")
    content: list[Any] = []
    for expected in ("pause_turn", "pause_turn", "end_turn"):
        history = [question, {"role": "assistant", "content": content}] if content else [question]
        answer = ask(client, messages=history, model=BOUND)
        assert answer.stop_reason == expected
        content = content + replay(answer)["content"]
    assert answer.usage.server_tool_use is not None
    assert answer.usage.server_tool_use.web_search_requests == 1
    history = [question, {"role": "assistant", "content": content}, said("Thanks")]
    assert ask(client, messages=history, model=BOUND).stop_reason == "end_turn"
    found = next(block for block in content if block["type"] == "web_search_tool_result")
    found["content"][0]["encrypted_content"] = "AAAA"
    with pytest.raises(anthropic.BadRequestError, match="encrypted_content"):
        ask(client, messages=history, model="claude-opus-5")


def test_code_execution_makes_files_that_can_be_read(client: anthropic.Anthropic):
    answer = ask(client, **scenario("code_execution"))
    result = next(block for block in answer.content if block.type == "bash_code_execution_tool_result")
    ids = [output.file_id for output in result.content.content]
    found = [client.files.retrieve_metadata(name) for name in ids]
    assert [file.filename for file in found] == ["chart.png", "numbers.csv"]
    assert len(client.files.download(ids[0]).read()) == found[0].size_bytes
    with pytest.raises(anthropic.NotFoundError):
        client.files.retrieve_metadata("file_unknown")
