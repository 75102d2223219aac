"""A day of random turns over real HTTP, made from a seed, and its price by the provider's list.

Turns are stopped, retried, cut, refused and moved to another connection; they think, search, read PDFs, are summarised
and are refused for want of budget. A stop waits until everything sent has arrived: no ledger can know what is still on
its way when the connection is closed.
"""

import asyncio
import collections
import dataclasses
import json
import random
from collections.abc import Iterator
from decimal import Decimal as D
from typing import Any

from chat.simulator.prompts import tokens
from tests.support.parley import Parley
from tests.support.simulator import Upstream
from tests.support.socket_client import SocketClient

TURNS, TURNS_AT_ONCE = 44, 8
# Input, 5m write, 1h write, read, output: USD per million tokens, from the provider's list.
PRICES = {
    "claude-haiku-4-5-20251001": ("1", "1.25", "2", "0.10", "5"),
    "claude-sonnet-5-5": ("2", "2.50", "4", "0.10", "10"),
    "claude-haiku-5-5": ("0.10", "0.125", "0.20", "0.01", "0.50"),
}
USD_PER_SEARCH = D("0.01")
# How often which scenario of the simulator is drawn.
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
    # Counted by key: three requests of the turn fail, on any connection.
    "overloaded times=3 retry_after=0": 3,
    "error_before_delta times=3": 1,
    "bad_request": 1,
    "cut at=9": 4,
    "truncated at=4": 3,
    "truncated at=end": 2,
    "error_after_delta at=7": 3,
    "stall at=14 seconds=60": 10,
}
# An assistant or a file, and the scenario of its turns.
ASSISTANTS_AND_FILES = (
    *("Thinker: long tokens=200 thinking_tokens=150", "Searcher: web_search found=1500"),
    *("Listener: long tokens=60", "PDF: default tokens=60"),
)
LONG_TEXT = "All work and no play makes Jack a dull boy. " * 4_300
# What every day contains: each kind once, and enough turns that are stopped.
CERTAIN = [*WEIGHTS, *["stall at=14 seconds=60"] * 5, *ASSISTANTS_AND_FILES]
COUNT_AND_CHECK = """
from django.core.management import call_command
from chat.operations.billing.recount import settle_by_count
settle_by_count()
call_command("check_ledger")
"""


@dataclasses.dataclass
class Day:
    """The rows that the day left. `cost_before_count` is the ledger's sum before cut answers were counted."""

    calls: list[dict[str, Any]]
    invoice: list[dict[str, Any]]
    cost_before_count: D
    periods: list[dict[str, Any]]
    ends: list[str]
    failovers: list[dict[str, str]]
    spent_and_limits: list[tuple[D, D]]  # spent and held together, and the limit, at many moments
    check_ledger_output: str
    budget_warnings: int


@dataclasses.dataclass(frozen=True)
class PlannedTurn:
    """A turn to run. `chance` from 0 to 1 decides its length and whether it continues a conversation."""

    person: str
    scenario: str
    model: str
    chance: float


class RandomDay:
    """Runs a few turns at once, chosen by the seed."""

    def __init__(
        self, parley: Parley, upstreams: list[Upstream], *, assistants: dict, files: dict, seed: int
    ) -> None:
        self.parley, self.upstreams = parley, upstreams
        self.assistants, self.files = assistants, files
        self.random = random.Random(seed)
        self.ends: list[str] = []
        self.spent_and_limits: list[tuple[D, D]] = []
        self.conversations: dict[str, list[str]] = collections.defaultdict(list)

    async def run(self) -> Day:
        waiting = iter(self._plan())
        async with (
            self.parley.socket("insider") as insider,
            self.parley.socket("colleague") as colleague,
            self.parley.socket("outsider") as outsider,
        ):
            clients = {"insider": insider, "colleague": colleague, "outsider": outsider}
            watching = asyncio.create_task(self._watch_budgets())
            await asyncio.gather(*(self._run_turns(clients, waiting) for _ in range(TURNS_AT_ONCE)))
            watching.cancel()
        received = [message for client in clients.values() for message in client.messages]
        cost_before_count = sum((D(str(row["cost_usd"])) for row in self._calls()), D(0))
        output = await asyncio.to_thread(self.parley.shell, COUNT_AND_CHECK)
        turns = self.parley.rows.query("SELECT notices FROM chat_turn")
        notices = [notice for turn in turns for notice in json.loads(turn["notices"])]
        return Day(
            calls=self._calls(),
            invoice=[row for upstream in self.upstreams for row in upstream.invoice()["rows"]],
            cost_before_count=cost_before_count,
            periods=self._periods(),
            ends=self.ends,
            failovers=[notice for notice in notices if notice["code"] == "failover"],
            spent_and_limits=self.spent_and_limits,
            check_ledger_output=output,
            budget_warnings=sum(message.get("code") == "budget_soft" for message in received),
        )

    def _plan(self) -> list[PlannedTurn]:
        certain = self.random.sample(CERTAIN, len(CERTAIN))
        people = self.random.choices(("insider", "colleague", "outsider"), weights=(5, 4, 3), k=TURNS)
        models = list(self.parley.models.values())
        plan = []
        for person in people:
            if person == "outsider":
                scenario = "long tokens=900"
            elif certain:
                scenario = certain.pop()
            else:
                scenario = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            plan.append(PlannedTurn(person, scenario, self.random.choice(models), self.random.random()))
        return plan

    async def _run_turns(self, clients: dict[str, SocketClient], waiting: Iterator[PlannedTurn]) -> None:
        for planned in waiting:
            client, conversations = clients[planned.person], self.conversations[planned.person]
            partner, _colon, scenario = planned.scenario.rpartition(": ")
            chance = planned.chance
            text = f"[[scenario:{scenario} key={chance}]] {chance} " + "words " * int(chance * 400)
            if not partner:
                conversation = conversations.pop() if conversations and chance < 0.6 else None
                fields = {"model": planned.model, "conversation": conversation}
                conversations += await self._run_turn(client, scenario, text, **fields)
                continue
            # A conversation with an assistant or a file continues at once, while all of it can be read from the cache.
            fields = {"assistant": self.assistants.get(partner)}
            if partner == "PDF":
                fields = {"model": planned.model, "attachments": [self.files[planned.person]]}
            first = text + (LONG_TEXT if partner == "Listener" else "words " * 600)
            for conversation in await self._run_turn(client, scenario, first, **fields):
                again = {**fields, "attachments": [], "conversation": conversation}
                await self._run_turn(client, scenario, text, **again)

    async def _run_turn(self, client: SocketClient, scenario: str, text: str, **fields: Any) -> list[str]:
        """Run one turn and return its conversation, or nothing if it can't continue."""
        answer = await client.ask(type="turn.start", text=text, **fields)
        if answer["type"] == "error":
            self.ends.append(f"refused {answer['code']}")
            return []
        turn = answer["turn"]
        if scenario.startswith("stall"):
            await self._wait_for_all_sent(client, turn)
            await client.send(type="turn.stop", turn=turn)
        end = await client.finished(turn)
        error = (end["error"] or {}).get("code", "")
        self.ends.append(f"{end['status']} {error}".strip())
        return [answer["conversation"]] if end["status"] == "completed" else []

    async def _wait_for_all_sent(self, client: SocketClient, turn: str) -> None:
        """Wait until the socket has brought what the upstream says it has sent."""
        async with asyncio.timeout(30):
            while True:
                received = _received_tokens(client, turn)
                invoices = [await asyncio.to_thread(upstream.invoice) for upstream in self.upstreams]
                sent = {
                    row["usage"]["output_tokens"]
                    for invoice in invoices
                    for row in invoice["rows"]
                    if row["outcome"] == "running"
                }
                if received & sent:
                    return
                if any(m["type"] == "turn.finished" and m["turn"] == turn for m in client.messages):
                    return  # the budget refused it
                await asyncio.sleep(0.05)

    async def _watch_budgets(self) -> None:
        while True:
            periods = await asyncio.to_thread(self._periods)
            self.spent_and_limits += [(row["total"], row["limit"]) for row in periods]
            await asyncio.sleep(0.05)

    def _calls(self) -> list[dict[str, Any]]:
        return self.parley.rows.query("SELECT * FROM chat_apicall WHERE purpose <> 'count' ORDER BY id")

    def _periods(self) -> list[dict[str, Any]]:
        rows = self.parley.rows.query(
            "SELECT b.name, b.hard_limit_usd, p.subject, p.spent_usd, p.held_usd"
            " FROM chat_budgetperiod p JOIN chat_budget b ON b.id = p.budget_id"
        )
        return [
            {
                "name": row["name"],
                "subject": row["subject"],
                "spent": usd(row["spent_usd"]),
                "held": usd(row["held_usd"]),
                "total": usd(row["spent_usd"]) + usd(row["held_usd"]),
                "limit": usd(row["hard_limit_usd"]),
            }
            for row in rows
        ]


def usd(value: Any) -> D:
    return D(str(value)).quantize(D("0.0000000001"))


def invoiced_usd(row: dict[str, Any]) -> D:
    """Return the price of one row of an invoice by `PRICES`."""
    usage = row["usage"]
    if not row["billed"]:
        return D(0)
    counters = ("input_tokens", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    amounts = [usage[name] for name in (*counters, "cache_read_input_tokens", "output_tokens")]
    units = map(D, PRICES[row["model"]])
    total = sum((amount * unit for amount, unit in zip(amounts, units, strict=True)), D(0))
    return total / 1_000_000 + usage["web_search_requests"] * USD_PER_SEARCH


def _received_tokens(client: SocketClient, turn: str) -> set[int]:
    """Return the tokens that a turn has shown, counted by the tokenizers of older and of newer models."""
    blocks: dict[int, str] = {}
    for message in client.messages:
        if message.get("turn") == turn and message["type"] == "block.delta":
            piece = message.get("text") or message.get("thinking") or ""
            blocks[message["index"]] = blocks.get(message["index"], "") + piece
    return {sum(tokens.count(text, per) for text in blocks.values()) for per in (3, 4) if blocks}
