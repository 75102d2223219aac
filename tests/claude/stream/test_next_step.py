"""What follows an ended message, whatever stop reason was told with it."""

from typing import Any

import pytest

from chat.claude.stream.next_step import asks_for_tools, effective_stop_reason, is_hollow
from tests.claude.strategies import text, thinking, tool_use

WORDS = [None, "end_turn", "tool_use", "stop_sequence", "stop", "tool_calls", "novel"]
CUT = ["max_tokens", "refusal", "pause_turn", "model_context_window_exceeded"]


def message(stop_reason: Any, *content: Any) -> dict[str, Any]:
    return {"stop_reason": stop_reason, "content": list(content)}


@pytest.mark.parametrize("stop_reason", WORDS)
def test_whole_calls_run_whatever_the_stop_reason(stop_reason: Any) -> None:
    assert asks_for_tools(message(stop_reason, text("I look."), tool_use()))
    assert effective_stop_reason(message(stop_reason, tool_use())) == "tool_use"


@pytest.mark.parametrize("stop_reason", CUT)
def test_calls_of_cut_answers_do_not_run(stop_reason: str) -> None:
    assert not asks_for_tools(message(stop_reason, tool_use()))
    assert effective_stop_reason(message(stop_reason, tool_use())) == stop_reason


def test_no_call_is_no_reason_to_run_tools() -> None:
    assert not asks_for_tools(message("tool_use", text("Words.")))
    assert effective_stop_reason(message("tool_use", text("Words."))) == "end_turn"
    assert effective_stop_reason(message(None, text("Words."))) == ""
    assert effective_stop_reason({"content": []}) == ""


@pytest.mark.parametrize(
    ("content", "hollow"),
    [
        ([], True),
        ([text(" ")], True),
        ([thinking("")], True),
        ([thinking()], False),
        ([text("Words.")], False),
        ([tool_use()], False),
    ],
)
def test_announced_content_is_missing(content: list[Any], hollow: bool) -> None:
    for stop_reason in ("tool_use", "pause_turn"):
        assert is_hollow(message(stop_reason, *content)) == hollow
    assert not is_hollow(message("end_turn", *content))
