"""The most that a request can cost: an upper bound of its prompt, and an answer limited by the budget."""

import base64
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.billing.pricing import PriceRow, choose_price_row, price
from chat.claude.billing.usage import Usage, longest_prompt_tokens
from chat.claude.limits.compaction import SUMMARY_TOKENS, with_compaction
from chat.claude.limits.cost_bound import (
    FETCH_LIMIT_TOKENS,
    FETCHED_PAGE_TOKENS,
    IMAGE_TOKENS,
    LIMIT_FACTOR,
    MAX_DOCUMENT_PAGES,
    OUTPUT_TOKENS,
    PAGE_TOKENS,
    SEARCH_TOKENS,
    SERVER_TOOL_USES,
    bound_cost,
    messages_bound,
    prompt_bound,
    server_tools_bound,
    with_use_limits,
)
from chat.claude.request.mcp_connector import toolset

ROW = PriceRow(D(3), D("3.75"), D(6), D("0.3"), D(15))
FAST = PriceRow(D(6), D("7.5"), D(12), D("0.6"), D(30), speed="fast")
LONG = PriceRow(D(30), D(30), D(30), D(30), D(150), above_prompt_tokens=100_000)


def request(content: Any = "How high?", **fields: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": content}],
        **fields,
    }


def block_bound(block: dict[str, Any]) -> int:
    pages = {b"%PDF-3": 3}
    return prompt_bound(request([block]), count_pages=pages.get) - prompt_bound(request([]))


@given(st.text())
def test_bytes_are_an_upper_bound_of_tokens(text: str) -> None:
    bound = prompt_bound(request(text))
    assert bound >= len(text.encode(errors="replace"))
    assert prompt_bound(request([{"type": "text", "text": text}])) >= bound
    assert prompt_bound(request(text, system=[{"type": "text", "text": text}])) >= 2 * len(
        text.encode(errors="replace")
    )


def test_bound_of_some_messages_is_smaller() -> None:
    whole = request("one")
    whole["messages"].append({"role": "assistant", "content": [{"type": "text", "text": "two"}]})
    assert messages_bound(whole["messages"][1:]) < messages_bound(whole["messages"]) < prompt_bound(whole)
    assert messages_bound([]) == 0


def pdf(data: bytes) -> dict[str, Any]:
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(data).decode()}
    return {"type": "document", "source": source, "title": "A"}


@pytest.mark.parametrize(
    ("block", "least"),
    [
        ({"type": "image", "source": {"type": "base64", "data": "A" * 9_000_000}}, IMAGE_TOKENS),
        ({"type": "image", "source": {"type": "url", "url": "https://x"}}, IMAGE_TOKENS),
        (pdf(b"%PDF-3"), 3 * PAGE_TOKENS),
        # The page objects may be compressed, so the bytes do not show how many there are.
        (pdf(b"%PDF /Type /Page"), MAX_DOCUMENT_PAGES * PAGE_TOKENS),
        (
            {"type": "document", "source": {"type": "base64", "data": "A"}},
            MAX_DOCUMENT_PAGES * PAGE_TOKENS,
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "f"}},
            MAX_DOCUMENT_PAGES * PAGE_TOKENS,
        ),
        ({"type": "document", "source": {"type": "text", "data": "x" * 500}}, 500),
        ({"type": "document", "source": {"type": "content", "content": "x" * 500}}, 500),
        ({"type": "tool_result", "content": [{"type": "image", "source": {}}]}, IMAGE_TOKENS),
        ({"type": "tool_result", "content": "x" * 500}, 500),
    ],
)
def test_every_kind_of_block(block: dict[str, Any], least: int) -> None:
    assert least <= block_bound(block) <= least + 200


def test_uncounted_pdf_is_assumed_to_be_the_longest() -> None:
    longest = MAX_DOCUMENT_PAGES * PAGE_TOKENS
    assert longest <= prompt_bound(request([pdf(b"%PDF-3")])) <= longest + 200


def test_empty_request_has_a_small_bound() -> None:
    assert prompt_bound({"messages": [], "max_tokens": 1}) < 100


def test_tools_and_what_they_find_count() -> None:
    tools = [{"name": "t", "input_schema": {"type": "object"}}]
    assert prompt_bound(request(tools=tools)) > prompt_bound(request()) + 1000


@pytest.mark.parametrize(
    ("tool", "most"),
    [
        ({"type": "web_search_20250305", "max_uses": 3}, 3 * SEARCH_TOKENS),
        ({"type": "web_search_20260318"}, SERVER_TOOL_USES * SEARCH_TOKENS),
        (
            {"type": "web_fetch_20250910", "max_uses": 5, "max_content_tokens": 50_000},
            5 * int(LIMIT_FACTOR * 50_000),
        ),
        ({"type": "web_fetch_20250910"}, SERVER_TOOL_USES * int(LIMIT_FACTOR * FETCHED_PAGE_TOKENS)),
        ({"type": "code_execution_20260521"}, SERVER_TOOL_USES * OUTPUT_TOKENS),
        (toolset("shop", ["add"]), (1 + SERVER_TOOL_USES) * OUTPUT_TOKENS),
        ({"name": "weather"}, 0),
        ({"type": "custom", "name": "weather"}, 0),
    ],
)
def test_possible_search_results_count(tool: dict[str, Any], most: int) -> None:
    asked = request(tools=[tool, tool])
    assert server_tools_bound(asked) == 2 * most
    assert prompt_bound(asked) >= 2 * most + messages_bound(asked["messages"])


def test_missing_limits_are_set() -> None:
    fetch = {"type": "web_fetch_20250910", "name": "web_fetch"}
    assert with_use_limits(fetch) == {
        **fetch,
        "max_uses": SERVER_TOOL_USES,
        "max_content_tokens": FETCH_LIMIT_TOKENS,
    }
    own = {**fetch, "max_uses": 1, "max_content_tokens": 9}
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": None}
    assert with_use_limits(own) is own
    assert with_use_limits(search) == {**search, "max_uses": SERVER_TOOL_USES}
    for tool in ({"type": "code_execution_20260521"}, {"name": "weather"}):
        assert with_use_limits(tool) is tool


MARK, HOUR = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize(
    ("fields", "usd"),
    [
        ({}, "0.018"),
        ({"cache_control": MARK}, "0.01875"),
        ({"system": [{"type": "text", "text": "x", "cache_control": HOUR}]}, "0.021"),
        ({"speed": "fast"}, "0.036"),
        ({"inference_geo": "us"}, "0.0198"),
        ({"tools": [{"type": "web_search_20250305", "max_uses": 2}]}, "0.038"),
        ({"tools": [{"type": "web_search_20250305"}]}, "0.118"),
        ({"tools": [{"type": "web_fetch_20250910"}]}, "0.018"),
    ],
)
def test_highest_possible_price_counts(fields: dict[str, Any], usd: str) -> None:
    planned = bound_cost(request(**fields), [ROW, FAST, LONG], prompt_tokens=1000, available_usd=None)
    assert planned
    assert (planned.max_tokens, planned.usd) == (1000, D(usd))


def test_cache_control_counts_and_quoted_text_does_not() -> None:
    marked = request(
        [{"type": "tool_result", "content": [{"type": "text", "text": "x", "cache_control": MARK}]}]
    )
    words = request('{"type":"ephemeral","ttl":"1h"}')
    block = request([{"type": "text", "text": '"cache_control":{"type":"ephemeral"}'}])
    costs = [
        planned.usd
        for body in (marked, words, block)
        if (planned := bound_cost(body, [ROW], prompt_tokens=1000, available_usd=None))
    ]
    assert costs == [D("0.01875"), D("0.018"), D("0.018")]


def test_possibly_long_prompt_costs_the_higher_row() -> None:
    planned = bound_cost(request(), [ROW, LONG], prompt_tokens=100_001, available_usd=None)
    assert planned
    assert planned.usd == (100_001 * 30 + 1000 * 150) / D(1_000_000)


@pytest.mark.parametrize(
    ("room", "max_tokens"),
    [
        ("0.018", 1000),
        ("0.0179999", 999),
        ("0.00684", 256),
        ("0.0068399", None),
        ("0.002", None),
        ("0", None),
    ],
)
def test_an_answer_is_shortened_to_what_is_left(room: str, max_tokens: int | None) -> None:
    planned = bound_cost(request(), [ROW], prompt_tokens=1000, available_usd=D(room))
    assert (planned and planned.max_tokens) == max_tokens
    if planned:
        assert planned.usd <= D(room)


def test_short_answers_and_thinking_have_own_minimum() -> None:
    short = {**request(), "max_tokens": 10}
    assert bound_cost(short, [ROW], prompt_tokens=0, available_usd=D("0.00015")) is not None
    assert bound_cost(short, [ROW], prompt_tokens=0, available_usd=D("0.000149")) is None
    thinks = {**request(), "max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 2000}}
    assert bound_cost(thinks, [ROW], prompt_tokens=0, available_usd=D("0.03")) is None
    assert bound_cost(thinks, [ROW], prompt_tokens=0, available_usd=D("0.030015")) is not None


def test_free_and_unpriced_models_are_never_refused() -> None:
    unpriced = bound_cost(request(), [], prompt_tokens=1000, available_usd=D(0))
    free = bound_cost(request(), [PriceRow(*[D(0)] * 5)], prompt_tokens=1000, available_usd=D(0))
    assert unpriced == free
    assert unpriced
    assert (unpriced.max_tokens, unpriced.usd) == (1000, 0)
    prompt_only = PriceRow(D(1), D(1), D(1), D(1), D(0))
    assert bound_cost(request(), [prompt_only], prompt_tokens=1000, available_usd=D(0)) is None


def of_compaction(prompt: int, write: str, summary: int, answer: int, last_turn: int) -> dict[str, Any]:
    """The usage of a request whose prompt was summarised, all of it written to the cache with the lifetime `write`."""

    def read(size: int) -> dict[str, Any]:
        if write == "input":
            return {"input_tokens": size}
        return {"cache_creation": {write: size}, "cache_creation_input_tokens": size}

    iteration = {"type": "compaction", **read(prompt), "output_tokens": summary}
    own = {"type": "message", **read(summary + last_turn), "output_tokens": answer}
    return {
        **read(summary + last_turn),
        "output_tokens": answer,
        "iterations": [iteration, own],
    }


@given(
    prompt=st.integers(60_000, 200_000),
    summary=st.integers(0, SUMMARY_TOKENS),
    max_tokens=st.integers(1, 30_000),
    marks=st.sampled_from(
        [(None, "input"), (MARK, "ephemeral_5m_input_tokens"), (HOUR, "ephemeral_1h_input_tokens")]
    ),
    share=st.floats(0, 1),
)
def test_compaction_costs_at_most_its_hold(
    prompt: int, summary: int, max_tokens: int, marks: Any, share: float
) -> None:
    mark, write = marks
    fields = {
        **with_compaction({}, 50_000),
        "max_tokens": max_tokens,
        **({"cache_control": mark} if mark else {}),
    }
    asked = request(**fields)
    rows = [ROW, LONG]
    planned = bound_cost(asked, rows, prompt_tokens=prompt, available_usd=None)
    assert planned
    usage = of_compaction(prompt, write, max(summary, max_tokens), max_tokens, int(prompt * share))
    row = choose_price_row(rows, Usage.from_api(usage), longest_prompt=longest_prompt_tokens(usage))
    assert row
    assert price(Usage.from_api(usage), row).total <= planned.usd


def test_hold_includes_a_summary_only_if_possible() -> None:
    edited = request(**with_compaction({}, 100_000))
    plain = bound_cost(request(), [ROW], prompt_tokens=99_999, available_usd=None)
    assert bound_cost(edited, [ROW], prompt_tokens=99_999, available_usd=None) == plain
    once = bound_cost(edited, [ROW], prompt_tokens=100_000, available_usd=None)
    assert once
    assert once.usd == (
        (2 * 100_000 + SUMMARY_TOKENS) * ROW.input + (SUMMARY_TOKENS + 1000) * ROW.output
    ) / D(1_000_000)
    search = [{"type": "web_search_20250305", "name": "web_search", "max_uses": 10}]
    twice = bound_cost({**edited, "tools": search}, [ROW], prompt_tokens=100_000, available_usd=None)
    assert twice
    again = 100_000 * ROW.input + SUMMARY_TOKENS * (ROW.input + ROW.output)
    assert twice.usd - once.usd == again / D(1_000_000) + 10 * ROW.per_search
    other = {"extra_body": {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}}
    assert bound_cost(request(**other), [ROW], prompt_tokens=99_999, available_usd=None) == plain
    silent = {"extra_body": {"context_management": {"edits": [{"type": "compact_20260112"}]}}}
    assert bound_cost(request(**silent), [ROW], prompt_tokens=149_999, available_usd=None) == bound_cost(
        request(), [ROW], prompt_tokens=149_999, available_usd=None
    )


def test_an_answer_is_shortened_to_what_a_summary_leaves() -> None:
    edited = request(**with_compaction({}, 50_000))
    least = bound_cost(edited, [ROW], prompt_tokens=50_000, available_usd=None)
    assert least
    less = bound_cost(
        edited, [ROW], prompt_tokens=50_000, available_usd=least.usd - 500 * ROW.output / D(1_000_000)
    )
    assert less
    assert less.max_tokens == 500
    assert bound_cost(edited, [ROW], prompt_tokens=50_000, available_usd=D("0.2")) is None
