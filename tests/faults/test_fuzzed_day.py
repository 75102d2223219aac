"""A day of many people, made by a seed: stops, retries, failovers, cuts, thinking, searches, PDFs, summaries, budgets.

The ledger is the upstream's invoice.

Over real HTTP: Parley as a process, sockets, and two simulators as upstreams, whose invoices are priced here by a list
of our own. Every call has to agree to the last digit, cut answers too: after their count, for which the test lets all
that was sent arrive before it stops. (What is still on its way when a stop cuts the line, no ledger can know.)
"""

import asyncio
import collections
import dataclasses
import json
import random
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from chat.simulator.app import create_app
from chat.simulator.prompts import tokens
from tests.faults.stage import Line, Parley, build
from tests.support.simulator import Upstream

SEED = 20261122
TURNS, AT_ONCE = 44, 8
# input, 5m write, 1h write, read, output: USD per million tokens, from the provider's list.
PRICES = {
    "claude-haiku-4-5-20251001": ("1", "1.25", "2", "0.10", "5"),
    "claude-sonnet-5-5": ("2", "2.50", "4", "0.10", "10"),
    "claude-haiku-5-5": ("0.10", "0.125", "0.20", "0.01", "0.50"),
}
# Connections with the same models, which take over from one another. They are chosen for turns alike.
CONNECTIONS: list[dict[str, Any]] = [
    {"name": "first", "max_retries": 1},
    {"name": "second", "max_retries": 2},
]
NOBODY: dict[str, Any] = {"name": "nobody listens", "base_url": "http://127.0.0.1:9", "max_retries": 0}
BUDGETS: list[dict[str, Any]] = [
    {"name": "All", "scope": "workspace", "hard_limit_usd": "5.00", "period": "month"},
    {
        "name": "Each",
        "scope": "everybody",
        "hard_limit_usd": "2.00",
        "soft_limit_usd": "0.01",
        "period": "week",
    },
    {"name": "Little", "scope": "person", "person": "outsider", "hard_limit_usd": "0.02", "period": "month"},
]
COUNT_AND_CHECK = """
from django.core.management import call_command
from chat.operations.settle_by_count import settle_by_count
settle_by_count()
call_command("check_ledger")
"""
WEIGHTS = {
    "long tokens=400": 8,
    "echo": 4,
    "max_tokens": 2,
    "pause_turn rounds=2": 3,
    "refusal": 2,
    "refusal category=bio": 1,
    "refusal_mid": 2,
    "overloaded times=1 retry_after=0": 3,
    "error_before_delta times=1": 3,
    "cut_before_delta times=1": 3,
    # By key: whichever connection is asked, three requests of the turn fail.
    "overloaded times=3 retry_after=0": 3,
    "error_before_delta times=3": 1,
    "bad_request": 1,
    "cut at=9": 4,
    "truncated at=4": 3,
    "truncated at=end": 2,
    "error_after_delta at=7": 3,
    "stall at=14 seconds=60": 10,
}
# With whom, or with what: an assistant of the day's, or a file.
WITH = (
    *("Thinker: long tokens=200 thinking_tokens=150", "Searcher: web_search found=1500"),
    *("Listener: long tokens=60", "PDF: default tokens=60"),
)
LONG_TEXT = "All work and no play makes Jack a dull boy. " * 4_300
# What the day has at the least: each kind once, and enough that people stop.
AT_LEAST = [*WEIGHTS, *["stall at=14 seconds=60"] * 5, *WITH]


@dataclasses.dataclass
class Day:
    """What the day left: rows of the ledger, periods, and how the turns ended."""

    calls: list[dict[str, Any]]
    invoice: list[dict[str, Any]]
    before_count: D
    periods: list[dict[str, Any]]
    ends: list[str]
    moves: list[dict[str, str]]
    highest: list[tuple[D, D]]
    check: str
    warned: int


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(create_app(pace=0)) as running:
        yield running


@pytest.fixture(scope="module")
def second() -> Iterator[Upstream]:
    with Upstream(create_app(pace=0, seed=2)) as running:
        yield running


@pytest.fixture(scope="module")
def day(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream, second: Upstream
) -> Iterator[Day]:
    stage = build(prepared_data, tmp_path_factory.mktemp("day") / "parley", upstream, [{"name": "unused"}])
    connections = [
        {"base_url": url, "credential": f"sk-{fields['name']}", **fields}
        for fields, url in zip(CONNECTIONS, (upstream.url, second.url), strict=True)
    ]
    connections.append({"credential": "sk-nobody", **NOBODY})
    seed = f"seed_day({connections!r}, {list(PRICES)!r}, {BUDGETS!r})"
    made = json.loads(stage.shell(f"from tests.faults.day_seed import seed_day; {seed}"))
    stage.models = made["models"]
    stage.server.start()
    try:
        yield asyncio.run(Player(stage, [upstream, second], made["assistants"], made["files"]).play())
    finally:
        stage.server.kill()


class Player:
    """Plays the day: a few turns at once, chosen by the seed."""

    def __init__(
        self, stage: Parley, upstreams: list[Upstream], assistants: dict[str, str], files: dict[str, str]
    ) -> None:
        self.stage, self.upstreams = stage, upstreams
        self.assistants, self.files = assistants, files
        self.random = random.Random(SEED)
        self.due: list[str] = []
        self.ends: list[str] = []
        self.highest: list[tuple[D, D]] = []
        self.conversations: dict[str, list[str]] = {}

    async def play(self) -> Day:
        names = ("insider", "colleague", "outsider")
        self.due = self.random.sample(AT_LEAST, len(AT_LEAST))
        plans = [
            (
                name,
                self._scenario(name),
                self.random.choice(list(self.stage.models.values())),
                self.random.random(),
            )
            for name in self.random.choices(names, weights=(5, 4, 3), k=TURNS)
        ]
        async with (
            self.stage.socket("insider") as first,
            self.stage.socket("colleague") as other,
            self.stage.socket("outsider") as third,
        ):
            lines = dict(zip(names, (first, other, third), strict=True))
            watching = asyncio.create_task(self._watch())
            waiting = iter(plans)
            await asyncio.gather(*(self._person(lines, waiting) for _ in range(AT_ONCE)))
            watching.cancel()
            warned = sum(
                message.get("code") == "budget_soft" for line in lines.values() for message in line.messages
            )
        before = sum((D(str(row["cost_usd"])) for row in self._calls()), D(0))
        check = await asyncio.to_thread(self.stage.shell, COUNT_AND_CHECK)
        invoices = [row for one in self.upstreams for row in one.invoice()["rows"]]
        notices = [
            json.loads(row["notices"]) for row in self.stage.rows.query("SELECT notices FROM chat_turn")
        ]
        moves = [notice for told in notices for notice in told if notice["code"] == "failover"]
        return Day(
            self._calls(), invoices, before, self._periods(), self.ends, moves, self.highest, check, warned
        )

    def _scenario(self, name: str) -> str:
        if name == "outsider":
            return "long tokens=900"
        return self.due.pop() if self.due else self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]

    async def _person(self, lines: dict[str, Line], waiting: Iterator[tuple[str, str, str, float]]) -> None:
        for name, wish, model, luck in waiting:
            partner, _colon, scenario = wish.rpartition(": ")
            old = self.conversations.setdefault(name, [])
            marked = f"[[scenario:{scenario} key={luck}]] {luck} " + "words " * int(luck * 400)
            if not partner:
                conversation = old.pop() if old and luck < 0.6 else None
                old += await self._turn(lines[name], scenario, marked, model=model, conversation=conversation)
                continue
            # What somebody began with an assistant or a file goes on at once, when all of it can be read again.
            fields: dict[str, Any] = {"assistant": self.assistants.get(partner)}
            if partner == "PDF":
                fields = {"model": model, "attachments": [self.files[name]]}
            first = marked + (LONG_TEXT if partner == "Listener" else "words " * 600)
            for begun in await self._turn(lines[name], scenario, first, **fields):
                await self._turn(
                    lines[name], scenario, marked, **{**fields, "attachments": []}, conversation=begun
                )

    async def _turn(self, line: Line, scenario: str, text: str, **fields: Any) -> list[str]:
        """Live through one turn; returns its conversation if it can go on."""
        answer = await line.ask(type="turn.start", text=text, **fields)
        if answer["type"] == "error":
            self.ends.append(f"refused {answer['code']}")
            return []
        turn = answer["turn"]
        if scenario.startswith("stall"):
            await self._all_arrived(line, turn)
            await line.send(type="turn.stop", turn=turn)
        end = await line.finished(turn)
        error = (end["error"] or {}).get("code", "")
        self.ends.append(f"{end['status']} {error}".strip())
        return [answer["conversation"]] if end["status"] == "completed" else []

    async def _all_arrived(self, line: Line, turn: str) -> None:
        """Wait until what the upstream says to have sent is what the socket has brought."""
        async with asyncio.timeout(30):
            while True:
                shown = _shown_tokens(line, turn)
                invoices = [await asyncio.to_thread(one.invoice) for one in self.upstreams]
                running = {
                    row["usage"]["output_tokens"]
                    for invoice in invoices
                    for row in invoice["rows"]
                    if row["outcome"] == "running"
                }
                if shown & running:
                    return
                if any(m["type"] == "turn.finished" and m["turn"] == turn for m in line.messages):
                    return  # the budget refused it
                await asyncio.sleep(0.05)

    async def _watch(self) -> None:
        """Look at the periods all the time: what is spent and held together is never above a limit."""
        while True:
            rows = await asyncio.to_thread(self._periods)
            self.highest += [(row["total"], row["limit"]) for row in rows]
            await asyncio.sleep(0.05)

    def _calls(self) -> list[dict[str, Any]]:
        return self.stage.rows.query("SELECT * FROM chat_apicall WHERE purpose <> 'count' ORDER BY id")

    def _periods(self) -> list[dict[str, Any]]:
        rows = self.stage.rows.query(
            "SELECT b.name, b.hard_limit_usd, p.subject, p.spent_usd, p.held_usd"
            " FROM chat_budgetperiod p JOIN chat_budget b ON b.id = p.budget_id"
        )
        return [
            {
                "name": row["name"],
                "subject": row["subject"],
                "spent": _usd(row["spent_usd"]),
                "held": _usd(row["held_usd"]),
                "total": _usd(row["spent_usd"]) + _usd(row["held_usd"]),
                "limit": _usd(row["hard_limit_usd"]),
            }
            for row in rows
        ]


def _usd(value: Any) -> D:
    return D(str(value)).quantize(D("0.0000000001"))


def _shown_tokens(line: Line, turn: str) -> set[int]:
    """Count what a turn has shown, with the tokenizers of older and of newer models."""
    blocks: dict[int, str] = {}
    for message in line.messages:
        if message.get("turn") == turn and message["type"] == "block.delta":
            piece = message.get("text") or message.get("thinking") or ""
            blocks[message["index"]] = blocks.get(message["index"], "") + piece
    return {sum(tokens.count(text, per) for text in blocks.values()) for per in (3, 4) if blocks}


def invoiced_usd(row: dict[str, Any]) -> D:
    """Price one row of an invoice by the list above."""
    usage = row["usage"]
    if not row["billed"]:
        return D(0)
    counters = ("input_tokens", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    amounts = [usage[name] for name in (*counters, "cache_read_input_tokens", "output_tokens")]
    units = map(D, PRICES[row["model"]])
    total = sum((amount * unit for amount, unit in zip(amounts, units, strict=True)), D(0))
    return total / 1_000_000 + usage["web_search_requests"] * D("0.01")


def test_every_call_costs_what_the_upstream_bills(day: Day) -> None:
    billed = {row["request_id"]: row for row in day.invoice}
    assert {call["upstream_request_id"] for call in day.calls} == billed.keys()
    assert len(day.calls) == len(billed)
    wrong = [
        (call["status"], call["certainty"], billed[call["upstream_request_id"]], call["cost_usd"])
        for call in day.calls
        if _usd(call["cost_usd"]) != invoiced_usd(billed[call["upstream_request_id"]])
    ]
    assert not wrong, f"{len(wrong)} of {len(day.calls)}: {wrong[:3]}"


def test_the_sum_is_the_invoice_to_the_last_micro_dollar(day: Day) -> None:
    ledger = sum((_usd(call["cost_usd"]) for call in day.calls), D(0))
    assert ledger == sum(map(invoiced_usd, day.invoice), D(0))
    assert ledger > D("0.02")


def test_the_day_had_everything(day: Day) -> None:
    """A day without stops, retries, cuts and refusals would prove nothing."""
    kinds = {(call["status"], call["certainty"]) for call in day.calls}
    assert kinds >= {
        ("succeeded", "exact"),
        ("cut", "estimated"),
        ("failed", "estimated"),
        ("failed", "exact"),
    }
    assert {"completed", "stopped", "refused refused"} <= set(day.ends)
    assert sum(end == "stopped" for end in day.ends) >= 5
    assert any(call["attempt"] > 1 for call in day.calls)
    assert any(call["cache_read_tokens"] for call in day.calls)
    assert any(call["thinking_tokens"] for call in day.calls)
    assert sum(call["web_search_requests"] for call in day.calls) >= 2
    usages = [json.loads(call["usage"]) for call in day.calls if call["usage"]]
    assert "compaction" in [part["type"] for usage in usages for part in usage.get("iterations") or ()]
    assert any(row["usage"]["web_search_requests"] for row in day.invoice)
    assert {"overloaded", "connection"} <= {move["reason"] for move in day.moves}
    assert len(day.moves) >= 5
    asked = collections.defaultdict(set)
    for call in day.calls:
        asked[call["turn_id"]].add(call["connection_name"])
    assert sum(len(connections) > 1 for connections in asked.values()) >= 2  # both sides of a move have rows
    assert {call["connection_name"] for call in day.calls} == {fields["name"] for fields in CONNECTIONS}
    assert any(end in ("failed budget", "refused budget") for end in day.ends)
    assert not any("unknown" in kind for kind in kinds)
    assert day.warned


def test_counting_changed_bills(day: Day) -> None:
    after = sum((D(str(call["cost_usd"])) for call in day.calls), D(0))
    assert after != day.before_count


def test_no_budget_was_ever_exceeded(day: Day) -> None:
    assert len(day.highest) > 20
    assert [pair for pair in day.highest if pair[0] > pair[1]] == []
    for period in day.periods:
        assert period["spent"] <= period["limit"]
        assert period["held"] == 0
    everything = next(period for period in day.periods if period["name"] == "All")
    assert everything["spent"] == sum(map(invoiced_usd, day.invoice), D(0))


def test_the_ledger_finds_itself_clean(day: Day) -> None:
    assert day.check.startswith("clean: ")
