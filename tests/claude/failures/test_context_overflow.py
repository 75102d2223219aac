"""Refusals of requests that are too long; the wordings of many servers are in tests/world."""

from typing import Any

import pytest

from chat.claude.failures.context_overflow import ContextOverflow, read_overflow


@pytest.mark.parametrize(
    "text",
    [
        "",
        "messages: at least one message is required",
        "max_tokens must be <= 4096",
        "temperature must be <= 1. Given: 2",
    ],
)
def test_other_refusals_are_not_about_the_context(text: str) -> None:
    assert read_overflow(text, {}) is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("maximum context length is 5 tokens", {}),
        ("maximum context length is 999999999 tokens", {}),
        ("n_ctx", {"type": "exceed_context_size_error", "n_ctx": "4096"}),
        ("full", {"type": "exceed_context_size_error", "n_ctx": True, "n_prompt_tokens": -1}),
    ],
)
def test_senseless_numbers_are_left_out(text: str, error: dict[str, Any]) -> None:
    assert read_overflow(text, error) == ContextOverflow()


def test_longest_answer_is_a_limit_of_its_own() -> None:
    told = read_overflow("max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens", {})
    assert told == ContextOverflow(output_tokens=4096)
    assert read_overflow("max_tokens: 8192 > 0, which is the maximum", {}) == ContextOverflow()


@pytest.mark.parametrize(
    ("overflow", "room"),
    [
        (ContextOverflow(), 0),
        (ContextOverflow(limit_tokens=4096), 0),
        (ContextOverflow(prompt_tokens=10), 0),
        (ContextOverflow(4096, 3000), 1080),
        (ContextOverflow(4096, 3000, at_least=True), 540),
        (ContextOverflow(4096, 3900), 0),
        (ContextOverflow(4096, 9000), 0),
        (ContextOverflow(output_tokens=100), 100),
    ],
)
def test_room_is_what_the_prompt_leaves(overflow: ContextOverflow, room: int) -> None:
    assert overflow.answer_tokens() == room
