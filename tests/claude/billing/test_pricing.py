"""Prices against the published list: 1,000 input, 2,000 5m, 3,000 1h, 4,000 read and 500 output tokens."""

from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.billing.pricing import PriceRow, choose_price_row, estimate_tokens, is_billed, price
from chat.claude.billing.usage import Usage


def row(prices: str, *, above: int = 0, speed: str = "standard") -> PriceRow:
    return PriceRow(*map(D, prices.split()), above_prompt_tokens=above, speed=speed)


# fmt: off
LIST = {
    "claude-fable-5-2":   ("8 10 16 0.20 40",        "0.0968"),
    "claude-mythos-5-2":  ("8 10 16 0.20 40",        "0.0968"),
    "claude-fable-5-1":   ("10 12.50 20 0.25 50",    "0.121"),
    "claude-mythos-5-1":  ("10 12.50 20 0.25 50",    "0.121"),
    "claude-fable-5":     ("10 12.50 20 1.00 50",    "0.124"),
    "claude-mythos-5":    ("10 12.50 20 1.00 50",    "0.124"),
    "claude-opus-5-5":    ("4 5 8 0.20 20",          "0.0488"),
    "claude-opus-5":      ("5 6.25 10 0.50 25",      "0.062"),
    "claude-opus-4-8":    ("5 6.25 10 0.50 25",      "0.062"),
    "claude-opus-4-7":    ("5 6.25 10 0.50 25",      "0.062"),
    "claude-opus-4-6":    ("5 6.25 10 0.50 25",      "0.062"),
    "claude-opus-4-5":    ("5 6.25 10 0.50 25",      "0.062"),
    "claude-sonnet-5-5":  ("2 2.50 4 0.10 10",       "0.0244"),
    "claude-sonnet-5":    ("2 2.50 4 0.20 10",       "0.0248"),
    "claude-sonnet-4-6":  ("3 3.75 6 0.30 15",       "0.0372"),
    "claude-sonnet-4-5":  ("3 3.75 6 0.30 15",       "0.0372"),
    "claude-haiku-5-5":   ("0.10 0.125 0.20 0.01 0.50", "0.00124"),
    "claude-haiku-5-5 >": ("0.50 0.625 1.00 0.05 2.50", "0.0062"),
    "claude-haiku-4-5":   ("1 1.25 2 0.10 5",        "0.0124"),
}
# fmt: on
USAGE = Usage(
    input_tokens=1000,
    cache_write_5m_tokens=2000,
    cache_write_1h_tokens=3000,
    cache_read_tokens=4000,
    output_tokens=500,
    thinking_tokens=200,
)


@pytest.mark.parametrize("model", LIST)
def test_every_listed_model_has_its_price(model: str) -> None:
    prices, expected = LIST[model]
    assert price(USAGE, row(prices)).total == D(expected)
    assert price(USAGE, row(prices), batch=True).total == D(expected) / 2
    assert price(USAGE, row(prices), geo="us").total == D(expected) * D("1.1")


@pytest.mark.parametrize(
    ("prices", "expected"),
    [("16 20 32 0.40 80", "0.1936"), ("8 10 16 0.40 40", "0.0976"), ("10 12.50 20 1.00 50", "0.124")],
)
def test_fast_row_is_used_for_fast_calls_only(prices: str, expected: str) -> None:
    rows = [row("4 5 8 0.20 20"), row(prices, speed="fast")]
    chosen = choose_price_row(rows, USAGE, "fast")
    assert chosen == rows[1]
    assert price(USAGE, rows[1]).total == D(expected)
    assert choose_price_row(rows[:1], USAGE, "fast") is None
    assert choose_price_row(rows, USAGE) == rows[0]


HAIKU = [row(LIST["claude-haiku-5-5 >"][0], above=100_000), row(LIST["claude-haiku-5-5"][0])]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(), D(0)),
        (Usage(input_tokens=100_000), D("0.01")),
        (Usage(input_tokens=100_001), D("0.0500005")),
        (Usage(input_tokens=1, cache_read_tokens=100_000), D("0.0050005")),
        (Usage(input_tokens=1, cache_read_tokens=99_999), D("0.00100009")),
        (Usage(cache_write_5m_tokens=60_000, cache_write_1h_tokens=40_001), D("0.077501")),
        (Usage(input_tokens=10, output_tokens=200_000), D("0.100001")),
    ],
)
def test_price_tier_depends_on_the_whole_prompt(usage: Usage, expected: D) -> None:
    chosen = choose_price_row(HAIKU, usage)
    assert chosen is not None
    assert price(usage, chosen).total == expected


def test_searches_cost_the_same_in_every_geo() -> None:
    cost = price(
        Usage(output_tokens=1_000_000, web_search_requests=3),
        row("1 1 1 1 10"),
        batch=True,
        geo="us",
    )
    assert cost.lines == {
        "input": 0,
        "write_5m": 0,
        "write_1h": 0,
        "read": 0,
        "output": D("5.5"),
        "searches": D("0.03"),
    }
    assert cost.total == D("5.53")


@given(st.lists(st.integers(0, 10**7), min_size=7, max_size=7), st.booleans())
def test_lines_sum_to_the_total_exactly(counts: list[int], batch: bool) -> None:
    usage = Usage(*counts)
    cost = price(usage, row("0.10 0.125 0.20 0.01 0.50"), batch=batch)
    assert cost.total == sum(cost.lines.values())
    whole = price(Usage(*(2 * count for count in counts)), row("0.10 0.125 0.20 0.01 0.50"), batch=batch)
    assert whole.total == 2 * cost.total


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("abc", 1), ("abcd", 2), ("한국어", 3), ("\ud800", 1)]
)
def test_estimate_tokens(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@pytest.mark.parametrize(
    ("message", "billed"),
    [
        ({}, True),
        ({"stop_reason": "end_turn", "content": []}, True),
        ({"stop_reason": "refusal", "content": [{"type": "text", "text": "I"}]}, True),
        ({"stop_reason": "refusal", "content": []}, False),
        ({"stop_reason": "refusal", "stop_details": None}, False),
        ({"stop_reason": "refusal", "stop_details": {"category": None}}, False),
        ({"stop_reason": "refusal", "stop_details": {"category": "cyber"}}, False),
        *[
            ({"stop_reason": "refusal", "stop_details": {"category": category}}, True)
            for category in ("bio", "frontier_llm", "reasoning_extraction")
        ],
    ],
)
def test_refusals_before_output_are_free_with_exceptions(message: dict[str, Any], billed: bool) -> None:
    assert is_billed(message) is billed
