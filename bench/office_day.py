"""What caching costs on a simulated office day: no caching, the usual plan, Parley's plan, and an oracle.

Tokens and entries are counted by the simulator's own cache, without HTTP; a test holds both ways against each other.
"""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.office_people import DESKS, Day, Desk, Request, frame_of, simulate
from chat.claude.cache import CachePlan, Rates, block_tokens, lifetime_of, place
from chat.claude.gaps import Gaps, SeenCall, Standing
from chat.claude.pricing import PriceRow, choose_row, price
from chat.claude.usage import Usage
from chat.simulator.cache import PromptCache, PromptUsage, Segment

CATALOGUE = Path(__file__).parents[1] / "chat" / "catalogue.json"
Marks = dict[tuple[str, int, int], str]
"""Lifetimes of blocks: ("tools" | "system", 0, block) or ("messages", message, block)."""


@dataclasses.dataclass(slots=True)
class Bill:
    """What a plan made of the day."""

    plan: str
    calls: int = 0
    reads: int = 0  # calls that read something
    usage: Usage = dataclasses.field(default_factory=Usage)
    prompt_usd: Decimal = Decimal(0)
    output_usd: Decimal = Decimal(0)
    by_desk: dict[str, Decimal] = dataclasses.field(default_factory=dict)

    def add(self, desk: str, usage: Usage, row: PriceRow) -> None:
        cost = price(usage, row)
        self.calls += 1
        self.reads += bool(usage.cache_read_tokens)
        self.usage = Usage(
            *(a + b for a, b in zip(dataclasses.astuple(self.usage), dataclasses.astuple(usage), strict=True))
        )
        self.output_usd += cost.lines["output"]
        self.prompt_usd += cost.total - cost.lines["output"]
        self.by_desk[desk] = self.by_desk.get(desk, Decimal(0)) + cost.total - cost.lines["output"]


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A desk with its frame, its model's prices and minimum."""

    desk: Desk
    frame: dict[str, Any]
    rows: list[PriceRow]
    minimum: int
    static_tokens: int


class Office:
    def __init__(self, day: Day, offers: list[Offer], before: "Learned | None" = None) -> None:
        self.day, self.offers = day, offers
        self.before = before


def offers() -> list[Offer]:
    models = {model["id"]: model for model in json.loads(CATALOGUE.read_text())["claude"]}
    return [_offer(desk, models[desk.model]) for desk in DESKS]


def _offer(desk: Desk, model: Mapping[str, Any]) -> Offer:
    rows = [
        PriceRow(
            *(Decimal(entry[name]) for name in ("input", "write_5m", "write_1h", "read", "output")),
            above_prompt_tokens=entry.get("above_prompt_tokens", 0),
        )
        for entry in model["prices"]
        if entry.get("speed", "standard") == "standard"
    ]
    latest = {row.above_prompt_tokens: row for row in rows}
    frame = frame_of(desk)
    static = sum(block_tokens(block) for part in ("tools", "system") for block in frame.get(part, ()))
    return Offer(desk, frame, list(latest.values()), model["min_cacheable_tokens"], static)


class Accounting:
    """The cache of one plan over one day."""

    def __init__(self, day: Day, offered: list[Offer]) -> None:
        self._day, self._offers = day, offered
        self.now = 0.0
        self._cache = PromptCache(lambda: self.now)
        self._sizes: dict[int, list[list[int]]] = {}

    def send(self, request: Request, marks: Marks) -> PromptUsage:
        self.now = request.at
        offer = self._offers[request.desk]
        segments = list(self._segments(offer, request, marks))
        usage = self._cache.account(segments, offer.minimum)
        usage.commit()
        return usage

    def _segments(self, offer: Offer, request: Request, marks: Marks) -> Iterator[Segment]:
        total = 0
        for part in ("tools", "system"):
            for index, block in enumerate(offer.frame.get(part, ())):
                total += block_tokens(block)
                yield Segment(f"{request.desk}.{part}.{index}".encode(), total, marks.get((part, 0, index)))
        for at, sizes in enumerate(self._message_sizes(request)):
            for index, size in enumerate(sizes):
                total += size
                yield Segment(
                    f"{request.conversation}.{at}.{index}".encode(), total, marks.get(("messages", at, index))
                )

    def _message_sizes(self, request: Request) -> list[list[int]]:
        if request.conversation not in self._sizes:
            self._sizes[request.conversation] = [
                [block_tokens(block) for block in message["content"]]
                for message in self._day.messages[request.conversation]
            ]
        return self._sizes[request.conversation][: request.messages]


def usage_of(billed: PromptUsage, request: Request) -> Usage:
    return Usage(
        input_tokens=billed.input_tokens,
        cache_write_5m_tokens=billed.written_5m_tokens,
        cache_write_1h_tokens=billed.written_1h_tokens,
        cache_read_tokens=billed.read_tokens,
        output_tokens=request.output_tokens,
    )


class NoCaching:
    name = "no caching"

    def marks(self, request: Request) -> Marks:
        return {}

    def billed(self, request: Request, usage: Usage) -> None:
        pass


class Usual(NoCaching):
    """One breakpoint after the tools, one after the system prompt, one on the last message; five minutes each."""

    name = "usual plan"
    lifetime = "5m"

    def __init__(self, day: Day, offered: list[Offer]) -> None:
        self._day, self._offers = day, offered

    def marks(self, request: Request) -> Marks:
        frame = self._offers[request.desk].frame
        last = self._day.messages[request.conversation][request.messages - 1]
        ends = [(part, 0, len(frame[part]) - 1) for part in ("tools", "system") if frame.get(part)]
        return dict.fromkeys(
            [*ends, ("messages", request.messages - 1, len(last["content"]) - 1)], self.lifetime
        )


class UsualHour(Usual):
    name = "usual plan, one hour"
    lifetime = "1h"


class Learned:
    """What the days before told of each desk: gaps between turns and between uses, and how often calls go on."""

    def __init__(self, day: Day) -> None:
        self.turns: dict[int, list[float]] = {}
        self.uses: dict[int, list[float]] = {}
        self.goes_on: dict[tuple[int, bool], float] = {}
        for desk in range(len(DESKS)):
            own = [request for request in day.requests if request.desk == desk]
            self.uses[desk] = [b.at - a.at for a, b in itertools.pairwise(own)]
            begun = [request for request in own if request.turn_begins]
            self.turns[desk] = []
            for _, group in itertools.groupby(
                sorted(begun, key=lambda r: (r.conversation, r.at)), key=lambda r: r.conversation
            ):
                times = [request.at for request in group]
                self.turns[desk] += [b - a for a, b in itertools.pairwise(times)] + [float("inf")]
            self.goes_on[desk, True] = 1 - len(begun) / max(1, len(own))


class Parley(NoCaching):
    name = "Parley's plan"

    def __init__(self, day: Day, offered: list[Offer], learned: Learned | None) -> None:
        self._day, self._offers = day, offered
        self._seen: dict[int, list[SeenCall]] = {}
        self._learned = learned

    def marks(self, request: Request) -> Marks:
        offer = self._offers[request.desk]
        messages = self._day.messages[request.conversation][: request.messages]
        seen = self._seen.get(request.conversation, [])
        size = seen[-1].prompt_tokens if seen else 0
        gaps, uses, share = Gaps(), Gaps(), 0.0
        if self._learned:
            gaps = Gaps.of(self._learned.turns[request.desk])
            uses = Gaps.of(self._learned.uses[request.desk])
            share = self._learned.goes_on[request.desk, True]
        plan = CachePlan(
            minimum_tokens=offer.minimum,
            rates=Rates.of(choose_row(offer.rows, Usage(input_tokens=size))),
            static_tokens=offer.static_tokens,
            standing=Standing.after(seen, request.at),
            next_call=gaps.unless(share),
            next_use=uses,
        )
        body, marked = place(plan, offer.frame, messages)
        return marks_of(body, marked)

    def billed(self, request: Request, usage: Usage) -> None:
        call = SeenCall(
            request.at,
            usage.input_tokens,
            usage.cache_read_tokens,
            usage.cache_write_5m_tokens,
            usage.cache_write_1h_tokens,
        )
        self._seen.setdefault(request.conversation, []).append(call)


def marks_of(body: Mapping[str, Any], messages: Iterable[Mapping[str, Any]]) -> Marks:
    """List the marks of a request by their places."""
    places = [
        (part, 0, index, block)
        for part in ("tools", "system")
        for index, block in enumerate(body.get(part, ()))
    ]
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


class Oracle(NoCaching):
    """Knows the whole day: chooses by dynamic programming, per conversation and per desk."""

    name = "oracle"

    def __init__(self, day: Day, offered: list[Offer]) -> None:
        self._day, self._offers = day, offered
        self._sizes = Accounting(day, offered)
        self.tails: dict[Request, str | None] = {}
        self.static: dict[Request, str | None] = {}
        self.bound_usd = Decimal(0)
        self._previous: dict[Request, Request] = {}
        by_conversation: dict[int, list[Request]] = {}
        for request in day.requests:
            own = by_conversation.setdefault(request.conversation, [])
            if own:
                self._previous[request] = own[-1]
            own.append(request)
        self.bound = 0.0
        for own in by_conversation.values():
            self._conversation(own)
        for desk in range(len(offered)):
            self._desk([request for request in day.requests if request.desk == desk])

    def rates(self, request: Request, total: int) -> tuple[Rates, float]:
        row = choose_row(self._offers[request.desk].rows, Usage(input_tokens=total))
        assert row
        return Rates.of(row), float(row.input) / 1e6

    def total(self, request: Request) -> int:
        return sum(sum(sizes) for sizes in self._sizes._message_sizes(request))

    def _conversation(self, own: list[Request]) -> None:
        static = self._offers[own[0].desk].static_tokens
        sizes = [self.total(request) for request in own]
        # (5m entry, 1h entry) -> (cost, choices); positions are tokens of messages
        states: dict[tuple[int, int], tuple[float, tuple[str | None, ...]]] = {(0, 0): (0.0, ())}
        before = None
        for request, size in zip(own, sizes, strict=True):
            rates, usd = self.rates(request, size + static)
            gap = request.at - before if before is not None else 1e9
            before = request.at
            after: dict[tuple[int, int], tuple[float, tuple[str | None, ...]]] = {}
            for (five, hour), (cost, path) in states.items():
                five, hour = (five if gap < 300 else 0), (hour if gap < 3600 else 0)
                hit = max(five, hour)
                for tail, factor in ((None, 1.0), ("5m", rates.write_5m), ("1h", rates.write_1h)):
                    spent = cost + usd * (rates.read * hit + factor * (size - hit))
                    state = (five, hour) if tail is None else (size, hour) if tail == "5m" else (five, size)
                    state = (state[0] if state[0] > state[1] else 0, state[1])
                    if state not in after or after[state][0] > spent:
                        after[state] = (spent, (*path, tail))
            states = after
        cost, path = min(states.values(), key=lambda value: value[0])
        self.bound += cost
        self.tails |= dict(zip(own, path, strict=True))

    def _desk(self, own: list[Request]) -> None:
        static = self._offers[own[0].desk].static_tokens if own else 0
        minimum = self._offers[own[0].desk].minimum if own else 0
        states: dict[str, tuple[float, tuple[str | None, ...]]] = {"": (0.0, ())}
        before = None
        for request in own:
            rates, usd = self.rates(request, static + self.total(request))
            gap = request.at - before if before is not None else 1e9
            before = request.at
            last = self._previous.get(request)
            warm = last is not None and request.at - last.at < 3600 and self.tails[last] is not None
            warm = warm and (request.at - last.at < 300 or self.tails[last] == "1h")
            after: dict[str, tuple[float, tuple[str | None, ...]]] = {}
            for state, (cost, path) in states.items():
                alive = state if gap < {"": 0, "5m": 300, "1h": 3600}[state] else ""
                moves: list[tuple[str, str | None, float]]
                if alive:
                    moves = [(alive, alive, rates.read)]
                elif warm:
                    moves = [("", None, rates.read)]
                else:
                    moves = [("", None, 1.0)]
                    # shorter than the minimum it can only be cached together with messages
                    if static >= minimum:
                        moves += [("5m", "5m", rates.write_5m), ("1h", "1h", rates.write_1h)]
                    elif self.tails[request]:
                        moves = [("", None, 1.0)]
                for new, mark, factor in moves:
                    spent = cost + usd * factor * static
                    if new not in after or after[new][0] > spent:
                        after[new] = (spent, (*path, mark))
            states = after
        cost, path = min(states.values(), key=lambda value: value[0])
        self.bound += cost
        self.static |= dict(zip(own, path, strict=True))

    def marks(self, request: Request) -> Marks:
        messages = self._day.messages[request.conversation]
        marks: Marks = {}
        static, tail = self.static[request], self.tails[request]
        frame = self._offers[request.desk].frame
        last = self._previous.get(request)
        if static:
            marks["system", 0, len(frame["system"]) - 1] = "1h" if tail == "1h" else static
        if last is not None:
            longest = "1h" if tail == "1h" else "5m"
            if not static or longest == "5m" or marks["system", 0, len(frame["system"]) - 1] == "1h":
                marks["messages", last.messages - 1, len(messages[last.messages - 1]["content"]) - 1] = (
                    longest
                )
        if tail:
            marks["messages", request.messages - 1, len(messages[request.messages - 1]["content"]) - 1] = tail
        return marks


def run(plan: Any, day: Day, offered: list[Offer]) -> Bill:
    bill = Bill(plan.name)
    accounting = Accounting(day, offered)
    for request in day.requests:
        usage = usage_of(accounting.send(request, plan.marks(request)), request)
        row = choose_row(offered[request.desk].rows, usage)
        assert row
        bill.add(offered[request.desk].desk.name, usage, row)
        plan.billed(request, usage)
    return bill


if __name__ == "__main__":
    import sys, time

    for seed in map(int, sys.argv[1:] or ["1"]):
        begun = time.time()
        offered = offers()
        day, before = simulate(seed), simulate(seed + 1000)
        oracle = Oracle(day, offered)
        bills = [
            run(plan, day, offered)
            for plan in (
                NoCaching(),
                Usual(day, offered),
                UsualHour(day, offered),
                Parley(day, offered, Learned(before)),
                Parley(day, offered, None),
                oracle,
            )
        ]
        best = bills[-1]
        for bill in bills:
            print(
                f"{bill.plan:22} {bill.calls:6} {bill.prompt_usd:9.4f} out {bill.output_usd:9.4f} x{bill.prompt_usd / best.prompt_usd:6.3f} all x{(bill.prompt_usd + bill.output_usd) / (best.prompt_usd + best.output_usd):6.3f} r {bill.usage.cache_read_tokens:>11,} w5 {bill.usage.cache_write_5m_tokens:>10,} w1 {bill.usage.cache_write_1h_tokens:>10,} in {bill.usage.input_tokens:>10,}"
            )
        print("bound", oracle.bound, float(best.prompt_usd) / oracle.bound, time.time() - begun)
        for desk in best.by_desk:
            print(
                "  ",
                desk,
                *(f"{bill.by_desk[desk] / best.by_desk[desk]:.3f}" for bill in bills),
                f"{best.by_desk[desk]:.3f}",
            )
