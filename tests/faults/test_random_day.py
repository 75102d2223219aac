"""After a random day the ledger equals the upstreams' invoices to the last digit, cut answers after their count."""

import asyncio
import collections
import json
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from chat.simulator.app import create_app
from tests.faults.random_day import PRICES, Day, RandomDay, invoiced_usd, usd
from tests.support.parley import create_parley
from tests.support.simulator import Upstream

pytestmark = pytest.mark.slow
SEED = 20261122
# Two connections with the same models, either of which can take over, and one that nothing answers.
CONNECTIONS: list[dict[str, Any]] = [
    {"name": "first", "max_retries": 1},
    {"name": "second", "max_retries": 2},
]
DEAD: dict[str, Any] = {"name": "dead", "base_url": "http://127.0.0.1:9", "max_retries": 0}
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


@pytest.fixture(scope="module")
def day(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("day") / "parley"
    with Upstream(create_app(pace=0)) as first, Upstream(create_app(pace=0, seed=2)) as second:
        parley = create_parley(prepared_data, folder, first, [{"name": "unused"}])
        connections = [
            {"base_url": url, "credential": f"sk-{fields['name']}", **fields}
            for fields, url in zip([*CONNECTIONS, DEAD], (first.url, second.url, ""), strict=True)
        ]
        seed = f"seed_day({connections!r}, {list(PRICES)!r}, {BUDGETS!r})"
        made = json.loads(parley.shell(f"from tests.faults.random_day_rows import seed_day; {seed}"))
        parley.models = made["models"]
        rows = {"assistants": made["assistants"], "files": made["files"]}
        with parley.running(clean=False):
            yield asyncio.run(RandomDay(parley, [first, second], seed=SEED, **rows).run())


def test_each_call_costs_what_the_upstream_bills(day: Day) -> None:
    billed = {row["request_id"]: row for row in day.invoice}
    assert {call["upstream_request_id"] for call in day.calls} == billed.keys()
    assert len(day.calls) == len(billed)
    wrong = [
        (call["status"], call["certainty"], billed[call["upstream_request_id"]], call["cost_usd"])
        for call in day.calls
        if usd(call["cost_usd"]) != invoiced_usd(billed[call["upstream_request_id"]])
    ]
    assert not wrong, f"{len(wrong)} of {len(day.calls)}: {wrong[:3]}"


def test_ledger_sum_equals_the_invoice(day: Day) -> None:
    ledger = sum((usd(call["cost_usd"]) for call in day.calls), D(0))
    assert ledger == sum(map(invoiced_usd, day.invoice), D(0))
    assert ledger > D("0.02")


def test_day_contains_every_kind_of_call(day: Day) -> None:
    """A day without stops, retries, cuts and refusals would prove nothing."""
    kinds = {(call["status"], call["certainty"]) for call in day.calls}
    assert kinds >= {
        ("succeeded", "exact"),
        ("cut", "estimated"),
        ("failed", "estimated"),
        ("failed", "exact"),
    }
    assert not any("unknown" in kind for kind in kinds)
    assert {"completed", "stopped", "refused refused"} <= set(day.ends)
    assert sum(end == "stopped" for end in day.ends) >= 5
    assert any(end in ("failed budget", "refused budget") for end in day.ends)
    assert any(call["attempt"] > 1 for call in day.calls)
    assert any(call["cache_read_tokens"] for call in day.calls)
    assert any(call["thinking_tokens"] for call in day.calls)
    assert sum(call["web_search_requests"] for call in day.calls) >= 2
    usages = [json.loads(call["usage"]) for call in day.calls if call["usage"]]
    assert "compaction" in [part["type"] for usage in usages for part in usage.get("iterations") or ()]
    assert any(row["usage"]["web_search_requests"] for row in day.invoice)
    assert day.budget_warnings


def test_day_contains_failovers(day: Day) -> None:
    assert {"overloaded", "connection"} <= {failover["reason"] for failover in day.failovers}
    assert len(day.failovers) >= 5
    connections = collections.defaultdict(set)
    for call in day.calls:
        connections[call["turn_id"]].add(call["connection_name"])
    assert sum(len(names) > 1 for names in connections.values()) >= 2  # both sides of a failover have rows
    assert {call["connection_name"] for call in day.calls} == {fields["name"] for fields in CONNECTIONS}


def test_counting_changed_bills(day: Day) -> None:
    cost_after_count = sum((D(str(call["cost_usd"])) for call in day.calls), D(0))
    assert cost_after_count != day.cost_before_count


def test_no_budget_was_ever_exceeded(day: Day) -> None:
    assert len(day.spent_and_limits) > 20
    assert [pair for pair in day.spent_and_limits if pair[0] > pair[1]] == []
    for period in day.periods:
        assert period["spent"] <= period["limit"]
        assert period["held"] == 0
    workspace = next(period for period in day.periods if period["name"] == "All")
    assert workspace["spent"] == sum(map(invoiced_usd, day.invoice), D(0))


def test_check_ledger_finds_nothing(day: Day) -> None:
    assert day.check_ledger_output.startswith("clean: ")
