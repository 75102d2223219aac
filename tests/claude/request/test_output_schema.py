"""Output schemas: how a frame asks for them, and how answers are read."""

import pytest

from chat.claude.request.frame import FrameSpec
from chat.claude.request.output_schema import (
    FORMAT,
    TOOL,
    AnswerError,
    answer_as_text,
    read_answer,
    with_output_schema,
    without_output_schema,
)

POINT = {"type": "object", "properties": {"x": {"type": "integer", "minimum": 0}}, "required": ["x"]}


def test_frame_asks_by_format_or_by_forced_tool() -> None:
    fetch = {"name": "t", "citations": {"enabled": True}}
    spec = FrameSpec("m", tools=[fetch], thinking={"type": "adaptive"}, output_config={"effort": "low"})
    body = with_output_schema(spec, POINT, FORMAT).body()
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": POINT}}
    assert (body["tools"], body["thinking"]) == ([{"name": "t"}], {"type": "adaptive"})
    body = with_output_schema(spec, POINT, TOOL).body()
    assert (body["tools"][0]["name"], body["tools"][0]["input_schema"], len(body["tools"])) == (
        "answer",
        POINT,
        1,
    )
    assert body["tool_choice"] == {"type": "tool", "name": "answer"}
    assert (body["thinking"], list(body)[-1]) == ({"type": "adaptive"}, "tool_choice")
    manual = FrameSpec("m", thinking={"type": "enabled", "budget_tokens": 2000})
    assert "thinking" not in with_output_schema(manual, POINT, TOOL).body()


def test_input_of_the_forced_tool_is_the_answer() -> None:
    thought = {"type": "thinking", "thinking": "", "signature": "s"}
    called = {"type": "tool_use", "id": "1", "name": "answer", "input": {"x": 1}}
    other = {"type": "tool_use", "id": "2", "name": "weather", "input": {}}
    assert answer_as_text([thought, called, other]) == [thought, {"type": "text", "text": '{"x":1}'}, other]
    assert read_answer([thought, {"type": "text", "text": "Let me see."}, called]) == {"x": 1}
    assert answer_as_text([thought, other]) == [thought, other]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" ", "empty"),
        ("Sure: {}", "not JSON"),
        ("NaN", "NaN is not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[" * 300 + "]" * 300, "too deep"),
    ],
)
def test_invalid_answers_are_refused(text: str, words: str) -> None:
    with pytest.raises(AnswerError, match=words):
        read_answer([{"type": "text", "text": text}])


@pytest.mark.parametrize("method", [FORMAT, TOOL])
def test_a_frame_is_shown_without_its_schema(method: str) -> None:
    spec = FrameSpec(model="claude", tools=[{"name": "clock", "input_schema": {"type": "object"}}])
    body = with_output_schema(spec, POINT, method).body()
    kept = without_output_schema(body)
    assert "minimum" in str(body)
    assert "minimum" not in str(kept)
    assert kept.keys() == body.keys()


def test_frames_without_a_schema_are_shown_whole() -> None:
    tools = [{"name": "answer", "input_schema": POINT}, {"name": "clock", "input_schema": POINT}]
    body = FrameSpec(model="claude", tools=tools, output_config={"effort": "low"}).body()
    assert without_output_schema(body) == body
    forced = {**body, "tool_choice": {"type": "tool", "name": "answer"}}
    assert [tool["input_schema"] for tool in without_output_schema(forced)["tools"]] == [None, POINT]
