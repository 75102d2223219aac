"""The ledger: rows are opened, settled exactly once, and priced with copies of the unit prices."""

from decimal import Decimal
from typing import Any

import pytest

from chat.claude.billing.pricing import PriceRow
from chat.models import ApiCall, LanguageModel, User
from chat.operations.billing.ledger import (
    Settlement,
    bill_for,
    bill_for_message,
    discard_call,
    free_bill,
    settle_call,
)
from tests import factories

LOW = PriceRow(Decimal(3), Decimal("3.75"), Decimal(6), Decimal("0.3"), Decimal(15))
HIGH = PriceRow(*[Decimal(30)] * 5, above_prompt_tokens=100_000)
USAGE = {"input_tokens": 1000, "output_tokens": 100}


def test_complete_call_is_exact() -> None:
    bill = bill_for([HIGH, LOW], USAGE, whole=True, text="never looked at" * 1000)
    assert (bill.cost_usd, bill.certainty, bill.usage) == (Decimal("0.0045"), "exact", USAGE)
    assert bill.unit_prices == {
        "input": "3",
        "write_5m": "3.75",
        "write_1h": "6",
        "read": "0.3",
        "output": "15",
        "per_search": "0.01",
        "above_prompt_tokens": "0",
    }


def test_long_prompt_uses_its_own_price_row() -> None:
    bill = bill_for([LOW, HIGH], {"input_tokens": 100_001, "output_tokens": 0}, whole=True)
    assert bill.unit_prices
    assert (bill.cost_usd, bill.unit_prices["above_prompt_tokens"]) == (Decimal("3.00003"), "100000")


@pytest.mark.parametrize(("text", "tokens"), [("", 100), ("x" * 30, 100), ("x" * 3000, 1000)])
def test_a_cut_call_is_estimated_from_what_arrived(text: str, tokens: int) -> None:
    bill = bill_for([LOW], USAGE, whole=False, text=text)
    assert (bill.counted.output_tokens, bill.certainty) == (tokens, "estimated")
    assert bill.cost_usd == (1000 * 3 + tokens * 15) / Decimal(1_000_000)


def test_missing_usage_is_unknown() -> None:
    without_usage = bill_for([LOW], None, whole=False, text="some")
    assert (without_usage.cost_usd, without_usage.certainty, without_usage.usage) == (0, "unknown", None)
    without_price = bill_for([], USAGE, whole=True)
    assert (without_price.cost_usd, without_price.certainty, without_price.unit_prices) == (
        0,
        "unknown",
        None,
    )
    assert without_price.counted.input_tokens == 1000


def test_a_fraction_of_a_cent_is_kept() -> None:
    row = PriceRow(*[Decimal("0.0001")] * 5)
    assert bill_for([row], {"input_tokens": 1}, whole=True).cost_usd == Decimal("0.0000000001")


@pytest.mark.parametrize(
    ("message", "cost", "certainty"),
    [
        ({}, "0", "unknown"),
        ({"usage": None}, "0", "unknown"),
        ({"usage": USAGE, "stop_reason": "end_turn", "content": []}, "0.0045", "exact"),
        ({"usage": USAGE, "stop_reason": "refusal", "content": []}, "0", "exact"),
        ({"usage": USAGE, "stop_reason": "refusal", "stop_details": {"category": "cyber"}}, "0", "exact"),
        ({"usage": USAGE, "stop_reason": "refusal", "stop_details": {"category": "bio"}}, "0.0045", "exact"),
        ({"usage": USAGE, "stop_reason": "refusal", "content": [{"type": "text"}]}, "0.0045", "exact"),
    ],
)
def test_a_refusal_before_any_output_is_free(message: dict[str, Any], cost: str, certainty: str) -> None:
    bill = bill_for_message([LOW], message, whole=True)
    assert (bill.cost_usd, bill.certainty) == (Decimal(cost), certainty)
    assert bill.usage == message.get("usage")
    if not bill.cost_usd:
        assert bill.counted.input_tokens == 0


@pytest.mark.django_db
def test_row_is_settled_once(model: LanguageModel, insider: User) -> None:
    row = factories.open_row(model, insider)
    opened = ApiCall.objects.get(id=row)
    assert (opened.status, opened.certainty, opened.model_name, opened.finished_at) == (
        "open",
        "unknown",
        "claude-test",
        None,
    )
    bill = bill_for([LOW], {**USAGE, "odd": {"b": 1, "a": 2}}, whole=True)
    first = Settlement(
        status="succeeded",
        bill=bill,
        upstream_request_id="r" * 100,
        http_status=200,
        error_code="e" * 50,
        stop_reason="s" * 50,
    )
    assert settle_call(row, first)
    assert not settle_call(row, Settlement(status="failed", bill=free_bill()))
    settled = ApiCall.objects.get(id=row)
    assert (settled.status, settled.cost_usd, settled.certainty) == ("succeeded", bill.cost_usd, "exact")
    assert (settled.input_tokens, settled.output_tokens) == (1000, 100)
    assert list(settled.usage["odd"]) == ["b", "a"]
    assert settled.unit_prices["output"] == "15"
    assert [len(text) for text in (settled.upstream_request_id, settled.error_code, settled.stop_reason)] == [
        80,
        40,
        40,
    ]
    assert settled.finished_at


@pytest.mark.django_db
def test_only_open_rows_are_discarded(model: LanguageModel) -> None:
    rows = [factories.open_row(model, key=key) for key in ("a", "b")]
    settle_call(rows[1], Settlement(status="failed", bill=free_bill()))
    for row in rows:
        discard_call(row)
    assert ApiCall.objects.get().key == "b"
