"""Chooses the cache breakpoints of a request and their lifetimes.

Rules of the provider's prompt-caching page: the prefix is tools, system, messages. Entries are written only
at breakpoints, of which a request has at most four. A read looks back over 20 blocks from each breakpoint.
Entries live five minutes or an hour from the start of the request and are refreshed by hits. One-hour
breakpoints must come before five-minute ones. Prefixes below the model's minimum are not cached. Thinking and
empty blocks can't carry a breakpoint.

Billing follows from these rules: tokens up to the longest live entry are read, tokens from there to the last
one-hour breakpoint are written for an hour, tokens from there to the last five-minute breakpoint are written
for five minutes, and the rest is plain input. A one-hour breakpoint on a small block after a live entry
therefore keeps the complete prefix for an hour. That breakpoint is called the history anchor.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chat.claude.billing.pricing import PriceRow
from chat.claude.cache.cache_control import (
    MAX_BREAKPOINTS,
    block_tokens,
    blocks_with_breakpoints,
    estimate_static_tokens,
    lifetime_of,
    limit_breakpoints,
    with_message_breakpoints,
    with_static_breakpoints,
    without_short_breakpoints,
)
from chat.claude.cache.reuse import CacheState, ReuseShares
from chat.claude.content.blocks import Block, is_empty
from chat.claude.content.context import is_context

LOOK_BACK_BLOCKS = 20
MIN_END_SHARE = 0.01
_CACHEABLE = {
    "user": frozenset({"text", "image", "document", "search_result", "tool_result"}),
    "assistant": frozenset({"text", "tool_use"}),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """The price of a token that is written to or read from the cache, relative to plain input (1)."""

    write_5m: float = 1.25
    write_1h: float = 2.0
    read: float = 0.1

    @classmethod
    def of(cls, row: PriceRow | None) -> "Rates":
        """Return the rates of a price row, or the usual factors if the row is missing or its input is free."""
        if row is None or not row.input:
            return cls()
        return cls(*(float(price / row.input) for price in (row.write_5m, row.write_1h, row.read)))


@dataclasses.dataclass(frozen=True, slots=True)
class CachePlan:
    """The measurements that decide the breakpoints of one request.

    `policy` is the assistant's: auto, 5m, 1h or none. `static_tokens` is the counted size of tools and
    system, None if it was not counted. `next_call` is the expected time until the next request of such a
    conversation, `next_use` until the next request with the same tools and system.
    """

    policy: str = "auto"
    minimum_tokens: int = 1024
    rates: Rates = dataclasses.field(default_factory=Rates)
    static_tokens: int | None = None
    cache_state: CacheState = dataclasses.field(default_factory=CacheState)
    next_call: ReuseShares = dataclasses.field(default_factory=ReuseShares)
    next_use: ReuseShares = dataclasses.field(default_factory=ReuseShares)


@dataclasses.dataclass(frozen=True, slots=True)
class _Candidate:
    """A block that may carry a breakpoint: the tokens of the prefix that ends with it, and its running number."""

    message: int
    block: int
    tokens: int
    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Choice:
    """The lifetimes of the static part and of the tail, and the block that keeps the history for an hour."""

    static: str | None = None
    anchor: _Candidate | None = None
    tail: str | None = None


def place_breakpoints(
    plan: CachePlan, body: Mapping[str, Any], messages: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return `body` and `messages` with their breakpoints. The arguments are not changed.

    Breakpoints that staff set in the frame are kept. A message's context (date, name, language) changes with
    every message, so it never carries a breakpoint: it comes after the tail.
    """
    static_tokens = _static_tokens(plan, body)
    body = without_short_breakpoints(body, static_tokens, plan.minimum_tokens)
    if plan.policy == "none":
        return limit_breakpoints(body, MAX_BREAKPOINTS), list(messages)
    reached, fresh = _candidates(plan, messages, static_tokens)
    staff = [lifetime_of(block) for block in blocks_with_breakpoints(body)]
    choice = _choose(plan, static_tokens, fresh, None if not staff else "5m" if "5m" in staff else "1h")
    in_messages = _message_breakpoints(plan, choice, reached, fresh)
    if not staff and choice.static and static_tokens >= plan.minimum_tokens:
        # One-hour breakpoints must come before five-minute ones.
        lifetime = "1h" if "1h" in in_messages.values() else choice.static
        body = with_static_breakpoints(body, lifetime, plan.minimum_tokens)
    body = limit_breakpoints(body, MAX_BREAKPOINTS - len(in_messages))
    return body, with_message_breakpoints(messages, in_messages)


def _static_tokens(plan: CachePlan, body: Mapping[str, Any]) -> int:
    return estimate_static_tokens(body) if plan.static_tokens is None else plan.static_tokens


def _candidates(
    plan: CachePlan, messages: Sequence[dict[str, Any]], static_tokens: int
) -> tuple[_Candidate | None, list[_Candidate]]:
    """Return the tail of the call with the longest live entry, and the blocks new since the last call.

    The tail of a call is the last block of a user message that its own request could mark.
    """
    asked = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
    cache_state = plan.cache_state
    known = bool(cache_state.prompt_tokens and asked)
    # The provider counted everything before the last answer, so only later blocks are estimated.
    begins = asked[-1] if known else 0
    back = asked[-cache_state.steps_back] if cache_state.steps_back <= len(asked) else 0
    tokens = cache_state.prompt_tokens if known else static_tokens
    number, reached, fresh = 0, None, []
    for at, message in enumerate(messages):
        for index, block in enumerate(message["content"]):
            number += 1
            tokens += block_tokens(block) if at >= begins else 0
            if _is_cacheable(message["role"], block):
                found = _Candidate(at, index, tokens, number)
                reached = found if at < back and message["role"] == "user" else reached
                fresh += [found] if at >= begins else []
    # A paused answer at the end is not a tail: the tail is in a user message.
    while fresh and messages[fresh[-1].message]["role"] != "user":
        fresh.pop()
    return reached, fresh


def _is_cacheable(role: str, block: Block) -> bool:
    if block.get("type") not in _CACHEABLE.get(role, ()) or is_empty(block):
        return False
    return role != "user" or not is_context(block)


def _choose(plan: CachePlan, static_tokens: int, fresh: list[_Candidate], staff: str | None) -> _Choice:
    """Return the lifetimes with the lowest expected cost.

    After a five-minute breakpoint of staff no longer lifetime is allowed.
    """
    if plan.policy != "auto":
        lifetime = "5m" if staff == "5m" else plan.policy
        return _Choice(lifetime, None, lifetime)
    static = staff or _static_lifetime(plan, static_tokens)
    if not fresh:
        return _Choice(static)
    choices = [_Choice(static, None, tail) for tail in (None, "5m")]
    if staff != "5m":
        choices.append(_Choice(static, None, "1h"))
        anchors = [found for found in fresh[:-1] if _can_anchor(found, fresh[-1], plan.minimum_tokens)]
        choices += [_Choice(static, anchor, tail) for anchor in anchors for tail in (None, "5m")]
    return min(choices, key=lambda choice: _expected_cost(plan, static_tokens, fresh[-1].tokens, choice))


def _can_anchor(found: _Candidate, tail: _Candidate, minimum: int) -> bool:
    """Return whether later requests, which look back from this request's tail, would find an entry at the block."""
    return found.tokens >= minimum and tail.number - found.number < LOOK_BACK_BLOCKS


def _static_lifetime(plan: CachePlan, tokens: int) -> str | None:
    """Return the lifetime with the lowest long-term cost per use of tools and system, None for no breakpoint."""
    if tokens < plan.minimum_tokens:
        return None
    rates, shares = plan.rates, plan.next_use
    cost = {
        "5m": shares.soon * rates.read + (1 - shares.soon) * rates.write_5m,
        "1h": (shares.soon + shares.later) * rates.read + shares.never * rates.write_1h,
        None: 1.0,
    }
    return min(cost, key=lambda lifetime: cost[lifetime])


def _expected_cost(plan: CachePlan, static_tokens: int, total: int, choice: _Choice) -> float:
    """Return the cost of this request and the next one in tokens of plain input, as far as the choice changes it."""
    rates, shares, cache_state = plan.rates, plan.next_call, plan.cache_state
    # Marked tools and system are read or written whatever the choice for the messages is.
    base = static_tokens if choice.static else 0
    alive, hour = max(cache_state.alive_tokens, base), cache_state.hour_tokens
    if choice.static == "1h":
        hour = max(hour, base)
    long = total if choice.tail == "1h" else choice.anchor.tokens if choice.anchor else 0
    to_hour = max(alive, long)
    to_tail = total if choice.tail else to_hour
    now = (to_hour - alive) * rates.write_1h + (to_tail - to_hour) * rates.write_5m + (total - to_tail)
    if long and choice.static == "5m" and cache_state.alive_tokens < base:
        # One-hour breakpoints must come first, so tools and system need an hour too and may have to be written.
        now += base * (rates.write_1h - rates.write_5m) * (1 - plan.next_use.soon)
    hour = max(hour, long)
    return now + _miss_cost(rates, shares) * (shares.soon * (total - to_tail) + shares.later * (total - hour))


def _miss_cost(rates: Rates, shares: ReuseShares) -> float:
    """Return the extra cost of a token, over the rest of its conversation, if the next request does not find it cached.

    A token that is found can be kept for an hour at almost no cost by the anchor. One that is not found is
    sent as plain input or written with either lifetime, whichever is cheapest until the conversation ends;
    `never` is the share of conversations that end.
    """
    ends = max(shares.never, MIN_END_SHARE)
    found = rates.read / ends
    return (
        min(
            1 / ends,
            (rates.write_5m + shares.soon * found) / (shares.soon + ends),
            rates.write_1h + (1 - ends) * found,
        )
        - found
    )


def _message_breakpoints(
    plan: CachePlan, choice: _Choice, reached: _Candidate | None, fresh: list[_Candidate]
) -> dict[tuple[int, int], str]:
    """Return {(message, block): lifetime} in prefix order."""
    breakpoints: dict[_Candidate, str] = {}
    if choice.anchor:
        breakpoints[choice.anchor] = "1h"
    if choice.tail and fresh:
        breakpoints[fresh[-1]] = choice.tail
    known_dead = plan.cache_state.prompt_tokens and not plan.cache_state.alive_tokens
    if reached and not known_dead and _out_of_reach(reached, breakpoints):
        breakpoints[reached] = "1h" if "1h" in breakpoints.values() else "5m"
    return {
        (candidate.message, candidate.block): lifetime
        for candidate, lifetime in sorted(breakpoints.items(), key=lambda item: item[0].number)
        if candidate.tokens >= plan.minimum_tokens
    }


def _out_of_reach(reached: _Candidate, breakpoints: Iterable[_Candidate]) -> bool:
    return not any(candidate.number - reached.number < LOOK_BACK_BLOCKS for candidate in breakpoints)
