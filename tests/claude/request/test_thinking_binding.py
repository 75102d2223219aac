from typing import Any

import pytest

from chat.claude.request.thinking_binding import Prefix, prefix_digest

HELLO: list[dict[str, Any]] = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]
MARKED = [
    {"role": "user", "content": [{"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral"}}]}
]


def test_cache_control_does_not_change_the_digest() -> None:
    assert prefix_digest("frame", HELLO) == prefix_digest("frame", MARKED)


def test_merged_neighbours_have_the_same_digest() -> None:
    blocks = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    together = [{"role": "user", "content": blocks}]
    apart = [{"role": "user", "content": [block]} for block in blocks]
    assert prefix_digest("frame", together) == prefix_digest("frame", apart)


@pytest.mark.parametrize(
    ("frame", "messages"),
    [
        ("other", HELLO),
        ("frame", [{**HELLO[0], "role": "assistant"}]),
        ("frame", [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]),
        ("frame", [*HELLO, {"role": "system", "content": [{"type": "text", "text": "x"}]}]),
    ],
)
def test_any_other_change_changes_the_digest(frame: str, messages: list[dict[str, Any]]) -> None:
    assert prefix_digest(frame, messages) != prefix_digest("frame", HELLO)


def test_digest_can_be_extended_block_by_block() -> None:
    prefix = Prefix("frame")
    prefix.add("user", HELLO[0]["content"])
    assert prefix.digest() == prefix_digest("frame", HELLO)
    assert prefix.matches("frame", prefix.digest())
    assert prefix.matches("frame", "")
    assert not prefix.matches("frame", "another")
    assert not prefix.matches(None, "")
