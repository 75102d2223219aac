"""Conversations that fill the context, over real HTTP: summarised by Parley, by the API, and after a failure."""

import json
from typing import Any

import pytest

from tests.api.live_server import ApiClient, LiveServer, scenario

LONG = "word " * 36_000  # 60,000 tokens of the simulator's
BRIDGES = scenario("default", "Tell me of bridges.")


@pytest.fixture(scope="module")
def small(live: LiveServer) -> str:
    """A model with a context of 3,000 tokens, and one with 100,000 for which the API summarises from 68,000 on."""
    live.shell(
        "from chat.models import LanguageModel as M\n"
        "row = M.objects.get(model_id='claude-opus-4-7', connection__kind='simulator')\n"
        "row.capabilities |= {'context_management': {'supported': False}}\n"
        "row.max_input_tokens, row.default_max_tokens, row.enabled = 3000, 700, True; row.save()\n"
        "row = M.objects.get(model_id='claude-sonnet-5', connection__kind='simulator')\n"
        "row.max_input_tokens, row.default_max_tokens, row.enabled = 100_000, 4_000, True; row.save()"
    )
    return "claude-opus-4-7"


def ledger(live: LiveServer, turn: dict[str, Any]) -> list[dict[str, Any]]:
    told = live.shell(
        "import json; from chat.models import ApiCall\n"
        f"rows = ApiCall.objects.filter(turn_id='{turn['id']}').order_by('id')\n"
        "print(json.dumps([{'purpose': r.purpose, 'status': r.status, 'certainty': r.certainty,"
        " 'input': r.input_tokens, 'usage': r.usage} for r in rows]))"
    )
    rows: list[dict[str, Any]] = json.loads(told.splitlines()[-1])
    return rows


def prompt_tokens(row: dict[str, Any]) -> int:
    usage = row["usage"]
    return int(
        usage["input_tokens"] + usage["cache_creation_input_tokens"] + usage["cache_read_input_tokens"]
    )


def kinds(program: ApiClient, conversation: str) -> list[str]:
    return [row["kind"] for row in program.get(f"/conversations/{conversation}/messages").json()["data"]]


def test_summary_is_written_before_the_context_is_full(live: LiveServer, small: str) -> None:
    program = live.client()
    first = program.turn(scenario("long tokens=600"), model=small)
    chat = first["conversation"]
    turns = [
        program.turn(scenario("long tokens=600"), conversation=chat, model=small) for _number in range(4)
    ]
    assert [turn["status"] for turn in turns] == ["completed"] * 4
    shown = kinds(program, chat)
    at = shown.index("summary")
    assert shown[at - 1 : at + 2] == ["chat", "summary", "chat"]
    page = program.get(f"/conversations/{chat}/messages").json()["data"]
    assert page[at]["text"]
    assert page[at + 1]["parent"] == page[at]["id"]
    summarised = next(turn for turn in turns if turn["user_message"] == page[at + 1]["id"])
    rows = ledger(live, summarised)
    assert [(row["purpose"], row["status"], row["certainty"]) for row in rows] == [
        ("summary", "succeeded", "exact"),
        ("turn", "succeeded", "exact"),
    ]
    assert float(summarised["cost_usd"]) > 0
    # Everything before the summary is no longer sent.
    assert prompt_tokens(rows[1]) < prompt_tokens(rows[0])


def test_the_api_summarises_where_it_can(live: LiveServer, small: str) -> None:
    program = live.client()
    first = program.turn(scenario("default", LONG), model="claude-sonnet-5")
    chat = first["conversation"]
    second = program.turn(
        scenario("default", "And " + LONG[:50_000]), conversation=chat, model="claude-sonnet-5"
    )
    assert second["status"] == "completed", second["error"]
    block = second["message"]["content"][0]
    assert (block["type"], bool(block["content"]), bool(block["encrypted_content"])) == (
        "compaction",
        True,
        True,
    )
    third = program.turn(scenario("default", "Go on."), conversation=chat, model="claude-sonnet-5")
    assert third["status"] == "completed", third["error"]
    assert "compaction" not in {part["type"] for part in third["message"]["content"]}
    assert prompt_tokens(ledger(live, third)[0]) < 5_000
    assert kinds(program, chat) == ["chat"] * 6


def test_compaction_by_the_api_costs_at_most_its_hold(live: LiveServer, small: str) -> None:
    """What fills the context is the last message, so that it is read twice: for the summary, and behind it."""
    program = live.client()
    chat = program.turn(BRIDGES, model="claude-sonnet-5")["conversation"]
    live.shell(
        "from chat.models import Budget; Budget.objects.create(name='Wide', scope='workspace', hard_limit_usd=100)"
    )
    turn = program.turn(scenario("default", "word " * 54_000), conversation=chat, model="claude-sonnet-5")
    assert (turn["status"], turn["message"]["content"][0]["type"]) == ("completed", "compaction")
    held, spent = json.loads(
        live.shell(
            "import json; from chat.models import Budget, BudgetHold\n"
            f"hold = BudgetHold.objects.get(call__turn_id='{turn['id']}')\n"
            "print(json.dumps([float(hold.amount_usd), float(hold.settled_usd)]))\n"
            "Budget.objects.all().delete()"
        ).splitlines()[-1]
    )
    (iteration, _own) = ledger(live, turn)[0]["usage"]["iterations"]
    assert iteration["type"] == "compaction"
    assert 100_000 * 2.5 / 1_000_000 < spent <= held


def test_exhausted_budget_is_named(live: LiveServer, small: str) -> None:
    """The door lets in who has anything left; what the answer could cost at most is known only then."""
    live.shell(
        "from decimal import Decimal; from django.db.models import Sum; from chat.models import ApiCall, Budget\n"
        "spent = ApiCall.objects.aggregate(sum=Sum('cost_usd'))['sum'] or Decimal(0)\n"
        "next_cent = (spent * 100 // 1 + 1) / 100\n"
        "Budget.objects.create(name='Narrow', scope='workspace', period='month', hard_limit_usd=next_cent)"
    )
    try:
        turn = live.client().turn("Tell me of bridges. " * 100, model=small)
    finally:
        live.shell("from chat.models import Budget; Budget.objects.all().delete()")
    assert (turn["status"], turn["error"]["code"]) == ("failed", "budget")
    assert "more than what is left of the workspace’s budget for this month" in turn["error"]["message"]


def test_full_context_is_summarised_and_retried(live: LiveServer, small: str) -> None:
    program = live.client()
    first = program.turn(BRIDGES, model=small)
    full = program.turn(scenario("context_exceeded"), conversation=first["conversation"], model=small)
    assert full["stop_reason"] == "model_context_window_exceeded"
    again = program.post(f"/turns/{full['id']}/retry").json()
    assert again["user_message"] != full["user_message"]
    assert kinds(program, first["conversation"]) == ["chat", "chat", "summary", "chat", "chat"]
    assert [row["purpose"] for row in ledger(live, again)] == ["summary", "turn"]


def test_summary_fails_over_to_another_connection(live: LiveServer, small: str) -> None:
    program = live.client()
    chat = program.turn(BRIDGES, model=small)["conversation"]
    full = program.turn(scenario("context_exceeded"), conversation=chat, model=small)
    away = live.shell(
        "from chat.models import LanguageModel, ModelPrice, ProviderConnection\n"
        "row = LanguageModel.objects.get(model_id='claude-opus-4-7', connection__kind='simulator')\n"
        "address = {'base_url': 'http://127.0.0.1:9', 'credential': 'sk-away', 'max_retries': 0, 'order': 200}\n"
        "there = ProviderConnection.objects.create(name='Away', kind='simulator', **address)\n"
        "import uuid; row.pk, row.connection, row._state.adding = uuid.uuid4(), there, True\n"
        "row.save(); print(row.pk)"
    ).splitlines()[-1]
    assert program.http.patch(f"/conversations/{chat}", json={"model": away}).status_code == 200
    again = program.post(f"/turns/{full['id']}/retry").json()
    assert (again["status"], [notice["code"] for notice in again["notices"]]) == ("completed", ["failover"])
    assert [(row["purpose"], row["status"]) for row in ledger(live, again)] == [
        ("summary", "succeeded"),
        ("turn", "succeeded"),
    ]
    assert kinds(program, chat) == ["chat", "chat", "summary", "chat", "chat"]


def test_ledger_has_no_findings(live: LiveServer, small: str) -> None:
    assert (
        json.loads(
            live.shell(
                "import json; from chat.operations.billing.ledger_check import check_ledger\n"
                "report = check_ledger(); print(json.dumps([str(finding) for finding in report.findings]))"
            ).splitlines()[-1]
        )
        == []
    )
