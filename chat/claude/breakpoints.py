"""Where a request's cache breakpoints go, and for how long.

Rules of the provider's prompt-caching page: the prefix is tools, system, messages; a write happens only at a
breakpoint, of which there are at most four; a read looks back over 20 blocks from each of them; entries live five
minutes or an hour from the start of the request and are refreshed by hits; one-hour marks come before five-minute
marks; nothing below the model's minimum is cached; thinking and empty blocks carry no mark.

Billing follows from them: tokens up to the longest live entry are read, from there to the last one-hour mark written
for an hour, from there to the last mark for five minutes, and what follows is plain input. So an hour's mark on a
small block behind a live entry keeps the whole prefix for an hour: that is the history anchor.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chat.claude.blocks import Block, is_empty
from chat.claude.cache_control import (
    MAX_BREAKPOINTS,
    block_tokens,
    guess_tokens,
    lifetime_of,
    limited,
    long_enough,
    marked_blocks,
    with_message_marks,
    with_static,
)
from chat.claude.cache_reuse import CacheStanding, Gaps
from chat.claude.context import is_context
from chat.claude.pricing import PriceRow

LOOK_BACK_BLOCKS = 20
RAREST_END = 0.01
_CACHEABLE = {
    "user": frozenset({"text", "image", "document", "search_result", "tool_result"}),
    "assistant": frozenset({"text", "tool_use"}),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """What a token costs when it is written or read, beside 1 for plain input."""

    write_5m: float = 1.25
    write_1h: float = 2.0
    read: float = 0.1

    @classmethod
    def of(cls, row: PriceRow | None) -> "Rates":
        """Read a price row; the usual factors stand in for a missing or free one."""
        if row is None or not row.input:
            return cls()
        return cls(*(float(price / row.input) for price in (row.write_5m, row.write_1h, row.read)))


@dataclasses.dataclass(frozen=True, slots=True)
class CachePlan:
    """All that placing the breakpoints of one request goes by.

    `policy` is the assistant's: auto, 5m, 1h or none. `static_tokens` is the measured size of tools and system, None
    if nobody counted. `next_call` says when the next request of such a conversation comes, `next_use` when the next
    one with the same tools and system does.
    """

    policy: str = "auto"
    minimum_tokens: int = 1024
    rates: Rates = dataclasses.field(default_factory=Rates)
    static_tokens: int | None = None
    standing: CacheStanding = dataclasses.field(default_factory=CacheStanding)
    next_call: Gaps = dataclasses.field(default_factory=Gaps)
    next_use: Gaps = dataclasses.field(default_factory=Gaps)


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """A block of a message that may carry a mark, the tokens of the prefix that ends with it, and its number."""

    message: int
    block: int
    tokens: int
    number: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Choice:
    """Lifetimes of static part and tail, and the block that keeps the history for an hour."""

    static: str | None = None
    anchor: _Place | None = None
    tail: str | None = None


def place(
    plan: CachePlan, body: Mapping[str, Any], messages: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Give `body` and `messages` with their breakpoints; nothing given is changed.

    Marks of staff in the frame stay. A message's context (date, name, language), which is new with every message, never
    carries one: it stands behind the tail.
    """
    static_tokens = _static_tokens(plan, body)
    body = long_enough(body, static_tokens, plan.minimum_tokens)
    if plan.policy == "none":
        return limited(body, MAX_BREAKPOINTS), list(messages)
    reached, fresh = _places(plan, messages, static_tokens)
    staff = [lifetime_of(block) for block in marked_blocks(body)]
    choice = _choose(plan, static_tokens, fresh, None if not staff else "5m" if "5m" in staff else "1h")
    in_messages = _message_marks(plan, choice, reached, fresh)
    if not staff and choice.static and static_tokens >= plan.minimum_tokens:
        lifetime = "1h" if "1h" in in_messages.values() else choice.static
        body = with_static(body, lifetime, plan.minimum_tokens)
    body = limited(body, MAX_BREAKPOINTS - len(in_messages))
    return body, with_message_marks(messages, in_messages)


def _static_tokens(plan: CachePlan, body: Mapping[str, Any]) -> int:
    return guess_tokens(body) if plan.static_tokens is None else plan.static_tokens


def _places(
    plan: CachePlan, messages: Sequence[dict[str, Any]], static_tokens: int
) -> tuple[_Place | None, list[_Place]]:
    """Find the tail of the call whose entry is the longest that lives, and the blocks that are new since the last call.

    A call's tail is the last block of a user message that its own request could mark.
    """
    asked = [at for at, message in enumerate(messages) if message["role"] == "assistant"]
    standing = plan.standing
    known = bool(standing.prompt_tokens and asked)
    begins = asked[-1] if known else 0
    back = asked[-standing.steps_back] if standing.steps_back <= len(asked) else 0
    tokens = standing.prompt_tokens if known else static_tokens
    number, reached, fresh = 0, None, []
    for at, message in enumerate(messages):
        for index, block in enumerate(message["content"]):
            number += 1
            tokens += block_tokens(block) if at >= begins else 0
            if _may_carry(message["role"], block):
                found = _Place(at, index, tokens, number)
                reached = found if at < back and message["role"] == "user" else reached
                fresh += [found] if at >= begins else []
    while fresh and messages[fresh[-1].message]["role"] != "user":
        fresh.pop()
    return reached, fresh


def _may_carry(role: str, block: Block) -> bool:
    if block.get("type") not in _CACHEABLE.get(role, ()) or is_empty(block):
        return False
    return role != "user" or not is_context(block)


def _choose(plan: CachePlan, static_tokens: int, fresh: list[_Place], staff: str | None) -> _Choice:
    """Choose the lifetimes; a mark of staff for five minutes allows no longer one behind it."""
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
    return min(choices, key=lambda choice: _expected(plan, static_tokens, fresh[-1].tokens, choice))


def _can_anchor(found: _Place, tail: _Place, minimum: int) -> bool:
    """Say whether later requests, which look back from this one's tail, would find an entry there."""
    return found.tokens >= minimum and tail.number - found.number < LOOK_BACK_BLOCKS


def _static_lifetime(plan: CachePlan, tokens: int) -> str | None:
    """Choose what costs least per use of tools and system, in the long run."""
    if tokens < plan.minimum_tokens:
        return None
    rates, gaps = plan.rates, plan.next_use
    cost = {
        "5m": gaps.soon * rates.read + (1 - gaps.soon) * rates.write_5m,
        "1h": (gaps.soon + gaps.later) * rates.read + gaps.never * rates.write_1h,
        None: 1.0,
    }
    return min(cost, key=lambda lifetime: cost[lifetime])


def _expected(plan: CachePlan, static_tokens: int, total: int, choice: _Choice) -> float:
    """Give what this request and the next one cost, in tokens of plain input, so far as the choice matters."""
    rates, gaps, standing = plan.rates, plan.next_call, plan.standing
    # What staff or the plan mark of tools and system is read or written whatever becomes of the messages.
    base = static_tokens if choice.static else 0
    alive, hour = max(standing.alive_tokens, base), standing.hour_tokens
    if choice.static == "1h":
        hour = max(hour, base)
    long = total if choice.tail == "1h" else choice.anchor.tokens if choice.anchor else 0
    to_hour = max(alive, long)
    to_tail = total if choice.tail else to_hour
    now = (to_hour - alive) * rates.write_1h + (to_tail - to_hour) * rates.write_5m + (total - to_tail)
    if long and choice.static == "5m" and standing.alive_tokens < base:
        # The mark of tools and system must be as long then, and may have to be written.
        now += base * (rates.write_1h - rates.write_5m) * (1 - plan.next_use.soon)
    hour = max(hour, long)
    return now + _loss(rates, gaps) * (gaps.soon * (total - to_tail) + gaps.later * (total - hour))


def _loss(rates: Rates, gaps: Gaps) -> float:
    """Give what a token costs more, over the rest of its conversation, when the next request does not find it.

    A token that is found can be kept for an hour for next to nothing, by the anchor. One that is not found is sent
    plainly or written for either lifetime, whatever costs least until the conversation ends, which `never` stands for.
    """
    ends = max(gaps.never, RAREST_END)
    found = rates.read / ends
    return (
        min(
            1 / ends,
            (rates.write_5m + gaps.soon * found) / (gaps.soon + ends),
            rates.write_1h + (1 - ends) * found,
        )
        - found
    )


def _message_marks(
    plan: CachePlan, choice: _Choice, reached: _Place | None, fresh: list[_Place]
) -> dict[tuple[int, int], str]:
    """Map (message, block) to a lifetime, in prefix order."""
    marks: dict[_Place, str] = {}
    if choice.anchor:
        marks[choice.anchor] = "1h"
    if choice.tail and fresh:
        marks[fresh[-1]] = choice.tail
    known_dead = plan.standing.prompt_tokens and not plan.standing.alive_tokens
    if reached and not known_dead and _out_of_reach(reached, marks):
        marks[reached] = "1h" if "1h" in marks.values() else "5m"
    return {
        (mark.message, mark.block): lifetime
        for mark, lifetime in sorted(marks.items(), key=lambda item: item[0].number)
        if mark.tokens >= plan.minimum_tokens
    }


def _out_of_reach(reached: _Place, marks: Iterable[_Place]) -> bool:
    return not any(mark.number - reached.number < LOOK_BACK_BLOCKS for mark in marks)
