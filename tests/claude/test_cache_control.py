"""Estimated tokens of blocks. Other tests cover where breakpoints are set and how many."""

import pytest

from chat.claude.cache_control import block_tokens
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
