"""The cache plan: where breakpoints are placed, their lifetimes, and the rules of the API."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.billing.pricing import PriceRow
from chat.claude.cache.breakpoints import CachePlan, Rates, place_breakpoints
from chat.claude.cache.reuse import CacheState, ReuseShares
from chat.claude.request.build import build_request
from tests.claude.rules import assert_acceptable, breakpoints
from tests.claude.strategies import Event, paths, text, thinking, tool_result, tool_use

TOOL = {"name": "look", "description": "w" * 3000, "input_schema": {"type": "object"}}
SHORT_TOOL = {"name": "look", "input_schema": {"type": "object"}}
SYSTEM = text("s" * 6000)
BODY = {"model": "m", "tools": [TOOL], "system": [SYSTEM]}
SOON, LATER, NEVER = ReuseShares(0.99, 0.0, 0.01), ReuseShares(0.01, 0.8, 0.19), ReuseShares(0.0, 0.0, 1.0)


def marks(body: Any, messages: Any) -> dict[str, str]:
    """Return {position of a breakpoint: lifetime}, such as tools.0, system.0, 2.0 (message.block)."""
    groups = [(part, body.get(part, ())) for part in ("tools", "system")]
    groups += [(str(at), message["content"]) for at, message in enumerate(messages)]
    return {
        f"{name}.{index}": block["cache_control"].get("ttl", "5m")
        for name, blocks in groups
        for index, block in enumerate(blocks)
        if block.get("cache_control")
    }


def placed(messages: Any, body: Any = None, **plan: Any) -> dict[str, str]:
    return marks(*place_breakpoints(CachePlan(**plan), BODY if body is None else body, messages))


def said(*content: Event | str) -> Event:
    return {
        "role": "user",
        "content": [text(block) if isinstance(block, str) else block for block in content],
    }


def answered(*content: Event | str) -> Event:
    return {**said(*content), "role": "assistant"}


LOOP = [said("q" * 3000), answered(tool_use()), said(tool_result(content="r" * 9000))]


def staff(*caches: str | None) -> dict[str, Any]:
    lifetimes = {None: {}, "5m": {"cache_control": {"type": "ephemeral"}},
                 "1h": {"cache_control": {"type": "ephemeral", "ttl": "1h"}}}  # fmt: skip
    return {"model": "m", "system": [{**SYSTEM, **lifetimes[cache]} for cache in caches]}


def test_static_parts_are_marked_first_and_the_tail_last() -> None:
    first = placed([said("q" * 3000)], next_call=SOON, next_use=SOON)
    assert first == {"tools.0": "5m", "system.0": "5m", "0.0": "5m"}
    assert placed([said("q")], policy="1h") == {"tools.0": "1h", "system.0": "1h", "0.0": "1h"}
    assert placed([said("q")], policy="none") == {}


def test_lifetimes_follow_expected_gaps() -> None:
    hour = placed([said("q" * 3000)], next_call=LATER, next_use=LATER)
    assert hour == {"tools.0": "1h", "system.0": "1h", "0.0": "1h"}
    assert placed([said("q" * 3000)], next_call=NEVER, next_use=NEVER) == {}
    # The conversation is not continued, but others use the assistant.
    assert placed([said("q" * 3000)], next_call=NEVER, next_use=SOON) == {"tools.0": "5m", "system.0": "5m"}


def test_parts_before_a_one_hour_mark_get_one_hour() -> None:
    body = {"model": "m", "system": [text("s" * 6000)]}
    found = placed([said("q" * 90_000)], body, next_call=LATER, next_use=SOON)
    assert found == {"system.0": "1h", "0.0": "1h"}


def test_a_small_new_block_keeps_the_history_for_an_hour() -> None:
    cache_state = CacheState(prompt_tokens=20_000, alive_tokens=20_000)
    found = placed(LOOP, next_call=ReuseShares(0.8, 0.15, 0.05), next_use=SOON, cache_state=cache_state)
    assert found == {"tools.0": "1h", "system.0": "1h", "1.0": "1h", "2.0": "5m"}


def test_an_anchor_stays_within_reach_of_the_tail() -> None:
    calls = [tool_use(f"toolu_{number}") for number in range(15)]
    results = [tool_result(f"toolu_{number}", "r" * 900) for number in range(15)]
    cache_state = CacheState(prompt_tokens=20_000, alive_tokens=20_000)
    messages = [said("q" * 3000), answered(*calls), said(*results)]
    found = placed(messages, next_call=ReuseShares(0.8, 0.15, 0.05), next_use=SOON, cache_state=cache_state)
    # The first call would be the smallest block, but 30 blocks before the tail it would not be found again.
    assert found == {"tools.0": "1h", "system.0": "1h", "1.10": "1h", "2.14": "5m"}


def test_unread_new_blocks_get_no_mark_but_old_ones_do() -> None:
    cache_state = CacheState(prompt_tokens=20_000, alive_tokens=20_000)
    assert placed(LOOP, next_call=NEVER, next_use=SOON, cache_state=cache_state) == {
        "tools.0": "5m",
        "system.0": "5m",
        "0.0": "5m",
    }


def test_long_loop_has_a_mark_at_the_last_entry() -> None:
    calls = [tool_use(f"toolu_{number}") for number in range(11)]
    results = [tool_result(f"toolu_{number}", "r" * 300) for number in range(11)]
    messages = [said("q" * 3000), answered(*calls), said(*results)]
    known = {"next_call": SOON, "next_use": SOON}
    alive = CacheState(prompt_tokens=4_000, alive_tokens=4_000)
    assert placed(messages, **known, cache_state=alive) == {
        "tools.0": "5m",
        "system.0": "5m",
        "0.0": "5m",
        "2.10": "5m",
    }
    assert "0.0" in placed(messages, policy="5m"), "without a measured call it is set to be sure"
    dead = CacheState(prompt_tokens=4_000, alive_tokens=0, steps_back=2)
    assert "0.0" not in placed(messages, **known, cache_state=dead)
    assert "0.0" not in placed(
        [messages[0], answered(*calls[:9]), said(*results[:9])], **known, cache_state=alive
    )


def test_older_entry_is_found_after_calls_without_writes() -> None:
    messages = [said("q" * 3000), answered("a"), said("b"), answered(*["c"] * 20), said("d")]
    cache_state = CacheState(prompt_tokens=9_000, alive_tokens=5_000, steps_back=2)
    found = placed(messages, next_call=SOON, next_use=SOON, cache_state=cache_state)
    assert found == {"tools.0": "5m", "system.0": "5m", "0.0": "5m", "4.0": "5m"}


@pytest.mark.parametrize(
    ("caches", "policy", "gaps", "expected"),
    [
        (("5m",), "auto", SOON, {"system.0": "5m", "0.0": "5m"}),
        # Five minutes would be in vain, and an hour may not follow them.
        (("5m",), "auto", LATER, {"system.0": "5m"}),
        (("5m",), "1h", LATER, {"system.0": "5m", "0.0": "5m"}),
        (("1h", "5m"), "auto", SOON, {"system.0": "1h", "system.1": "5m", "0.0": "5m"}),
        (("1h",), "auto", LATER, {"system.0": "1h", "0.0": "1h"}),
        (("1h", None), "auto", NEVER, {"system.0": "1h"}),
        (("1h", None), "none", SOON, {"system.0": "1h"}),
        (("1h",) * 4, "auto", SOON, {"system.1": "1h", "system.2": "1h", "system.3": "1h", "0.0": "5m"}),
    ],
)
def test_marks_set_by_staff_are_kept(
    caches: Any, policy: str, gaps: ReuseShares, expected: dict[str, str]
) -> None:
    # 20,000 tokens: long gaps are far from paying for a rewrite.
    found = placed([said("q" * 60_000)], staff(*caches), policy=policy, next_call=gaps, next_use=SOON)
    assert found == expected


def test_prompts_below_the_minimum_get_no_mark() -> None:
    small = {"next_call": SOON, "next_use": SOON, "minimum_tokens": 4096}
    assert placed([said("q")], **small) == {}
    assert placed([said("q")], staff("5m", "1h"), **small) == {}
    assert placed([said("q")], staff("5m", "1h", None), **small) == {"system.2": "5m", "0.0": "5m"}
    assert placed([said("q")], staff("5m", None, "5m"), **small) == {"system.2": "5m", "0.0": "5m"}
    assert placed([said("q" * 9000)], **small) == {"0.0": "5m"}
    assert placed([said("q")], **small, static_tokens=5000) == {"system.0": "5m", "0.0": "5m"}
    found = placed([said("q")], {"model": "m", "tools": [SHORT_TOOL], "system": [SYSTEM]}, policy="5m")
    assert found == {"system.0": "5m", "0.0": "5m"}
    assert placed([said("q")], {"model": "m", "tools": [TOOL]}, policy="5m", minimum_tokens=900) == {
        "tools.0": "5m",
        "0.0": "5m",
    }
    assert placed([said("q"), answered("a" * 9000), said("r")], {"model": "m"}, policy="5m") == {"2.0": "5m"}


@pytest.mark.parametrize("policy", ["auto", "5m", "1h"])
def test_thinking_and_contexts_carry_no_mark(policy: str) -> None:
    context = text("<context>\nToday is Monday.\n</context>")
    known = {"policy": policy, "next_call": SOON, "next_use": SOON}
    assert list(placed([said("q" * 3000, context)], **known))[-1] == "0.0"
    system = {"role": "system", "content": [text("Today is Monday.")]}
    assert list(placed([said("q" * 3000), system], **known))[-1] == "0.0"
    thought = [
        said("q" * 3000),
        answered(thinking(), tool_use()),
        said(tool_result(content="r" * 900), context),
    ]
    cache_state = CacheState(prompt_tokens=4000, alive_tokens=4000)
    found = placed(thought, **known | {"next_call": ReuseShares(0.7, 0.25, 0.05)}, cache_state=cache_state)
    assert not {"1.0", "2.1"} & set(found)


def test_paused_answer_reads_the_entry_of_its_question() -> None:
    cache_state = CacheState(prompt_tokens=4000, alive_tokens=4000)
    paused = [said("q" * 3000), answered("searching")]
    expected = {"tools.0": "5m", "system.0": "5m", "0.0": "5m"}
    assert placed(paused, next_call=SOON, next_use=SOON, cache_state=cache_state) == expected
    assert placed(paused, policy="5m", cache_state=cache_state) == expected


def test_rates_come_from_the_price_row() -> None:
    row = PriceRow(*map(Decimal, ("2", "2.50", "4", "0.10", "10")))
    assert Rates.of(row) == Rates(1.25, 2.0, 0.05)
    assert Rates.of(None) == Rates.of(PriceRow(*[Decimal(0)] * 5)) == Rates()


shares = st.tuples(*[st.integers(0, 5)] * 3).map(
    lambda counts: ReuseShares(*(count / max(1, sum(counts)) for count in counts))
)
plans = st.builds(
    CachePlan,
    policy=st.sampled_from(["auto", "auto", "5m", "1h", "none"]),
    minimum_tokens=st.sampled_from([0, 20, 1024]),
    static_tokens=st.none() | st.integers(0, 3000),
    cache_state=st.builds(
        CacheState, st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000), st.integers(1, 5)
    ),
    next_call=shares,
    next_use=shares,
)
frames = st.lists(st.sampled_from([None, "5m", "1h"]), max_size=4).map(
    lambda caches: staff(*caches)
) | st.just(BODY)


@given(plans, frames, paths())
def test_plans_never_break_a_rule_of_the_api(plan: CachePlan, body: dict[str, Any], path: Any) -> None:
    bare = build_request(body, path, max_tokens=100, frame_digest="now")
    request = build_request(body, path, max_tokens=100, frame_digest="now", cache=plan)
    assert_acceptable(request)
    assert unmarked(request) == unmarked(bare), "a plan adds marks and changes nothing else"
    if plan.policy == "none":
        assert len(breakpoints(request)) <= len(breakpoints(bare))


def unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: unmarked(part) for key, part in value.items() if key != "cache_control"}
    return [unmarked(part) for part in value] if isinstance(value, list) else value
