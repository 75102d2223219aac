"""Estimated tokens of blocks. Other tests cover where breakpoints are set and how many."""

import pytest

from chat.claude.cache.cache_control import block_tokens, has_breakpoints, without_breakpoints
from tests.claude.strategies import Event, text, tool_result, tool_use


@pytest.mark.parametrize(
    ("block", "tokens"),
    [
        (text("abcdef"), 2),
        ({"type": "image", "source": {"type": "base64", "data": "x" * 9999}}, 1600),
        ({"type": "document", "source": {"type": "base64", "data": "x" * 400}}, 1600),
        ({"type": "document", "source": {"type": "base64", "data": "x" * 400_000}}, 10_000),
        (tool_result(content=[text("abcdef")]), 10),
    ],
)
def test_guessed_tokens(block: Event, tokens: int) -> None:
    assert block_tokens(block) == tokens


def test_guesses_ignore_cache_control() -> None:
    assert block_tokens(tool_use()) == block_tokens({**tool_use(), "cache_control": {"type": "ephemeral"}})


def test_breakpoints_are_removed_wherever_they_stand() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    result = {"type": "tool_result", "content": [{"type": "text", "text": "Found.", **mark}], **mark}
    request = {
        "model": "m",
        "tools": [{"name": "t", "input_schema": {"properties": {"cache_control": {}}}, **mark}],
        "system": [{"type": "text", "text": "Be brief.", **mark}],
        "messages": [{"role": "user", "content": [result]}, {"role": "user", "content": "plain"}],
        **mark,
    }
    plain = without_breakpoints(request)
    assert has_breakpoints(request)
    assert not has_breakpoints(plain)
    assert plain["tools"][0]["input_schema"] == {"properties": {"cache_control": {}}}
    assert plain["messages"][0]["content"][0]["content"] == [{"type": "text", "text": "Found."}]
    assert plain["messages"][1] == {"role": "user", "content": "plain"}
    assert without_breakpoints({"model": "m"}) == {"model": "m"}


def test_a_system_prompt_of_text_is_kept() -> None:
    assert without_breakpoints({"system": "Be brief."}) == {"system": "Be brief."}
