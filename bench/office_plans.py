"""The contenders of the office day, and the counting of their tokens by the simulator's own cache, without HTTP."""

import dataclasses
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.office_people import DESKS, Day, Desk, Request, frame_of
from chat.claude.billing.pricing import PriceRow, choose_price_row
from chat.claude.billing.usage import Usage
from chat.claude.cache.breakpoints import CachePlan, Rates, place_breakpoints
from chat.claude.cache.cache_control import lifetime_of
from chat.claude.cache.reuse import CacheState, PastCall, ReuseShares
from chat.simulator.models import find
from chat.simulator.prompts.cache import PromptCache, Segment, segments_of
from chat.simulator.prompts.prompt import Prompt, merge

CATALOGUE = Path(__file__).parents[1] / "chat" / "operations" / "catalogue" / "catalogue.json"
STATIC = ("tools", "system")
Marks = dict[tuple[str, int, int], str]
"""Lifetimes of blocks: (tools or system, 0, block) or ("messages", message, block)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A desk with its frame, its model's prices and minimum."""

    desk: Desk
    frame: dict[str, Any]
    rows: list[PriceRow]
    minimum: int
    static_tokens: int

    def row(self, prompt_tokens: int) -> PriceRow:
        row = choose_price_row(self.rows, Usage(input_tokens=prompt_tokens))
        assert row
        return row


def offers() -> list[Offer]:
    """Return the desks with the prices of the catalogue."""
    models = {model["id"]: model for model in json.loads(CATALOGUE.read_text())["claude"]}
    return [_offer(desk, models[desk.model]) for desk in DESKS]


def _offer(desk: Desk, model: Mapping[str, Any]) -> Offer:
    rows = {
        entry.get("above_prompt_tokens", 0): PriceRow(
            *(Decimal(entry[name]) for name in ("input", "write_5m", "write_1h", "read", "output")),
            above_prompt_tokens=entry.get("above_prompt_tokens", 0),
        )
        for entry in model["prices"]
        if entry.get("speed", "standard") == "standard"
    }
    frame = frame_of(desk)
    static = segments_of(_prompt({**frame, "messages": []}), "office")[-1].total_tokens
    return Offer(desk, frame, list(rows.values()), model["min_cacheable_tokens"], static)


class Accounting:
    """The cache of one plan over one day."""

    def __init__(self, day: Day, offered: list[Offer]) -> None:
        self._day, self._offers = day, offered
        self._now = 0.0
        self._cache = PromptCache(lambda: self._now)
        self._chains: dict[int, list[Segment]] = {}

    def send(self, request: Request, marks: Marks) -> Usage:
        """Bill one request; its entries exist from now on."""
        self._now = request.at
        billed = self._cache.account(self._segments(request, marks), self._offers[request.desk].minimum)
        billed.commit()
        return Usage(
            input_tokens=billed.input_tokens,
            cache_write_5m_tokens=billed.written_5m_tokens,
            cache_write_1h_tokens=billed.written_1h_tokens,
            cache_read_tokens=billed.read_tokens,
            output_tokens=request.output_tokens,
        )

    def message_tokens(self, request: Request) -> int:
        """Return the tokens of what follows tools and system."""
        return self._chain(request)[-1].total_tokens - self._offers[request.desk].static_tokens

    def _segments(self, request: Request, marks: Marks) -> list[Segment]:
        segments = self._chain(request)
        for where, lifetime in marks.items():
            at = self._position(request, where)
            segments[at] = dataclasses.replace(segments[at], ttl=lifetime)
        return segments

    def _chain(self, request: Request) -> list[Segment]:
        """Return the request's blocks without marks; those of a conversation's last request begin with them."""
        messages = self._day.messages[request.conversation]
        if request.conversation not in self._chains:
            body = {**self._offers[request.desk].frame, "messages": messages}
            self._chains[request.conversation] = segments_of(_prompt(body), "office")
        return self._chains[request.conversation][
            : self._position(request, ("messages", request.messages, 0))
        ]

    def _position(self, request: Request, place: tuple[str, int, int]) -> int:
        part, at, index = place
        frame, messages = self._offers[request.desk].frame, self._day.messages[request.conversation]
        before = [] if part == "tools" else [frame.get("tools", ())]
        before += [frame["system"]] if part == "messages" else []
        before += [message["content"] for message in messages[:at]]
        return sum(map(len, before)) + index


def _prompt(body: dict[str, Any]) -> Prompt:
    model = find(body["model"])
    assert model
    return Prompt(body, model, merge(body["messages"]))


class NoCaching:
    """Everything is plain input, every time."""

    name = "no caching"

    def marks(self, request: Request) -> Marks:
        return {}

    def billed(self, request: Request, usage: Usage) -> None:
        """Learn what a request read and wrote."""


class Usual(NoCaching):
    """One breakpoint after the tools, one after the system prompt, one on the last message; five minutes each."""

    name = "usual plan"
    lifetime = "5m"

    def __init__(self, day: Day, offered: list[Offer]) -> None:
        self._day, self._offers = day, offered

    def marks(self, request: Request) -> Marks:
        frame = self._offers[request.desk].frame
        ends = [(part, 0, len(frame[part]) - 1) for part in STATIC if frame.get(part)]
        return dict.fromkeys([*ends, tail_of(self._day, request)], self.lifetime)


class UsualHour(Usual):
    """The same with an hour for everything."""

    name = "usual plan, one hour"
    lifetime = "1h"


class Learned:
    """What days before told of each desk: gaps between turns and between uses, and how often calls go on at once."""

    def __init__(self, days: Iterable[Day]) -> None:
        turns: dict[int, list[float]] = {desk: [] for desk in range(len(DESKS))}
        uses: dict[int, list[float]] = {desk: [] for desk in range(len(DESKS))}
        calls, begun = [0] * len(DESKS), [0] * len(DESKS)
        for day in days:
            for request in day.requests:
                calls[request.desk] += 1
                begun[request.desk] += request.turn_begins
            for desk, times in _times(day.requests, lambda request: request.desk):
                uses[desk] += [after - before for before, after in itertools.pairwise(times)]
            asked = [request for request in day.requests if request.turn_begins]
            desks = {request.conversation: request.desk for request in asked}
            for conversation, times in _times(asked, lambda request: request.conversation):
                gaps = [after - before for before, after in itertools.pairwise(times)]
                turns[desks[conversation]] += [*gaps, float("inf")]
        self.turns = {desk: ReuseShares.of(gaps) for desk, gaps in turns.items()}
        self.uses = {desk: ReuseShares.of(gaps) for desk, gaps in uses.items()}
        self.goes_on = {desk: 1 - begun[desk] / max(1, calls[desk]) for desk in turns}


def _times(requests: list[Request], key: Any) -> Iterator[tuple[int, list[float]]]:
    for name, group in itertools.groupby(sorted(requests, key=lambda one: (key(one), one.at)), key=key):
        yield name, [request.at for request in group]


class Parley(NoCaching):
    """Parley's own plan: it knows the bills of its own calls and what days before told, nothing of the future."""

    name = "Parley's plan"

    def __init__(self, day: Day, offered: list[Offer], learned: Learned) -> None:
        self._day, self._offers, self._learned = day, offered, learned
        self._seen: dict[int, list[PastCall]] = {}

    def marks(self, request: Request) -> Marks:
        offer, learned = self._offers[request.desk], self._learned
        seen = self._seen.get(request.conversation, [])
        plan = CachePlan(
            minimum_tokens=offer.minimum,
            rates=Rates.of(offer.row(seen[-1].prompt_tokens if seen else 0)),
            static_tokens=offer.static_tokens,
            cache_state=CacheState.after(seen, request.at),
            next_call=learned.turns[request.desk].with_immediate(learned.goes_on[request.desk]),
            next_use=learned.uses[request.desk],
        )
        messages = self._day.messages[request.conversation][: request.messages]
        return marks_of(*place_breakpoints(plan, offer.frame, messages))

    def billed(self, request: Request, usage: Usage) -> None:
        call = PastCall(
            at=request.at,
            input_tokens=usage.input_tokens,
            read_tokens=usage.cache_read_tokens,
            written_5m_tokens=usage.cache_write_5m_tokens,
            written_1h_tokens=usage.cache_write_1h_tokens,
        )
        self._seen.setdefault(request.conversation, []).append(call)


def tail_of(day: Day, request: Request) -> tuple[str, int, int]:
    """Return the place of the last block that the request sends."""
    last = request.messages - 1
    return "messages", last, len(day.messages[request.conversation][last]["content"]) - 1


def marks_of(body: Mapping[str, Any], messages: Iterable[Mapping[str, Any]]) -> Marks:
    """List the marks of a request by their places."""
    places = [(part, 0, index, block) for part in STATIC for index, block in enumerate(body.get(part, ()))]
    places += [
        ("messages", at, index, block)
        for at, message in enumerate(messages)
        for index, block in enumerate(message["content"])
    ]
    return {
        (part, at, index): lifetime_of(block)
        for part, at, index, block in places
        if block.get("cache_control")
    }
