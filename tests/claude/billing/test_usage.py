from typing import Any

import pytest
from hypothesis import given

from chat.claude.billing.usage import MAX_COUNT, Usage, merge_usage, tells_output, tells_prompt, whole_number
from chat.claude.encoding.exact_numbers import WrittenNumber
from tests.claude.strategies import delta_usages, start_usages, values


def test_merge_overwrites_field_by_field() -> None:
    start = {"input_tokens": 5, "output_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 2}}
    delta = {"output_tokens": 90, "input_tokens": None, "server_tool_use": {"web_search_requests": 1}}
    assert merge_usage(start, delta) == {
        "input_tokens": 5,
        "output_tokens": 90,
        "cache_creation": {"ephemeral_5m_input_tokens": 2},
        "server_tool_use": {"web_search_requests": 1},
    }


@given(start_usages, delta_usages)
def test_the_last_delta_wins_and_start_is_untouched(start: dict[str, Any], delta: dict[str, Any]) -> None:
    copy = dict(start)
    once = merge_usage(start, delta)
    assert start == copy
    assert merge_usage(once, delta) == once
    assert {**start, **once} == once


def test_from_api_reads_every_counter() -> None:
    usage = Usage.from_api(
        {
            "input_tokens": 1,
            "cache_creation_input_tokens": 50,
            "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30},
            "cache_read_input_tokens": 400,
            "output_tokens": 5000,
            "output_tokens_details": {"thinking_tokens": 600},
            "server_tool_use": {"web_search_requests": 7, "web_fetch_requests": 9},
        }
    )
    assert usage == Usage(1, 20, 30, 400, 5000, 600, 7)
    assert usage.prompt_tokens == 451


@pytest.mark.parametrize(
    ("total", "split", "writes"),
    [
        (50, None, (50, 0)),
        (50, {}, (50, 0)),
        (50, {"ephemeral_5m_input_tokens": 20}, (50, 0)),
        (50, {"ephemeral_1h_input_tokens": 20}, (0, 50)),
        (50, {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, (30, 20)),
        (None, {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, (10, 20)),
    ],
)
def test_cache_writes_without_a_full_split(total: int | None, split: Any, writes: tuple[int, int]) -> None:
    usage = Usage.from_api({"cache_creation_input_tokens": total, "cache_creation": split})
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == writes


@given(values)
def test_invalid_usage_counts_as_zero(value: Any) -> None:
    keys = ("input_tokens", "cache_creation", "output_tokens_details", "server_tool_use", "output_tokens")
    usage = Usage.from_api(dict.fromkeys(keys, value))
    assert usage.prompt_tokens >= 0
    assert Usage.from_api({"output_tokens": True, "input_tokens": -5}) == Usage()


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        (12, 12),
        (12.0, 12),
        ("12", 12),
        (" 12.0 ", 12),
        (MAX_COUNT, MAX_COUNT),
        (MAX_COUNT + 1, None),
        (3 * 2**62, None),
        ("9" * 10, None),
        ("9" * 5000, None),
        (-1, None),
        ("-1", None),
        (12.5, None),
        (float("nan"), None),
        (float("inf"), None),
        (WrittenNumber("9" * 5000), None),
        (WrittenNumber("1e400"), None),
        (WrittenNumber("1e3"), 1000),
        ("1e3", None),
        ("many", None),
        ("", None),
        (True, None),
        (None, None),
        ([12], None),
    ],
)
def test_whole_numbers_may_be_text(value: Any, number: int | None) -> None:
    assert whole_number(value) == number


@pytest.mark.parametrize(
    ("usage", "text", "prompt", "output"),
    [
        ({}, "some", False, False),
        ({"input_tokens": 0, "output_tokens": 0}, "some", False, False),
        ({"input_tokens": 0, "output_tokens": 0}, "", True, True),
        ({"input_tokens": 7, "output_tokens": 3}, "some", True, True),
        ({"input_tokens": 0, "cache_read_input_tokens": 7, "output_tokens": 3}, "some", True, True),
        ({"input_tokens": 7, "cache_creation_input_tokens": "x", "output_tokens": 3}, "some", False, True),
        ({"input_tokens": 7, "cache_creation_input_tokens": None}, "some", True, False),
    ],
)
def test_told_counters_are_believed(usage: dict[str, Any], text: str, prompt: bool, output: bool) -> None:
    assert (tells_prompt(usage, text), tells_output(usage, text)) == (prompt, output)


def test_sums_stay_within_the_columns() -> None:
    compactions = [{"type": "compaction", "input_tokens": MAX_COUNT, "output_tokens": 1}] * 3
    assert Usage.from_api({"input_tokens": MAX_COUNT, "iterations": compactions}) == Usage(
        input_tokens=MAX_COUNT, output_tokens=3
    )
