"""The receipt of an answer: the sums over all its calls, and as much of its cost as the viewer may see."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from chat.models import ApiCall, Message
from chat.presentation.receipt import CostDetail, Row, receipt_of

WRITTEN = dt.datetime(2026, 11, 2, 9, 5, tzinfo=dt.UTC)
EXACT, ROUNDED, HIDDEN = CostDetail.EXACT, CostDetail.ROUNDED, CostDetail.HIDDEN


def call(**fields: Any) -> ApiCall:
    known = {"certainty": "exact", "cost_usd": Decimal("0.001200"), "input_tokens": 1200, "output_tokens": 34}
    return ApiCall(started_at=WRITTEN, **{**known, **fields})


def message(name: str = "claude-test") -> Message:
    return Message(model_name=name, created_at=WRITTEN)


def cost(*calls: ApiCall, detail: CostDetail = ROUNDED) -> str:
    rows = receipt_of([message()], calls, detail).rows
    return next(row.figure for row in rows if row.label == "Cost")


def test_a_plain_answer() -> None:
    made = call(finished_at=WRITTEN + dt.timedelta(seconds=2.5))
    receipt = receipt_of([message()], [made], EXACT)
    assert receipt.rows == [
        Row("Model", "claude-test"),
        Row("Input", "1,200"),
        Row("Output", "34"),
        Row("Cost", "$0.0012 (exact)"),
        Row("Time", "2.5 s"),
    ]
    assert receipt.written_at == "2026-11-02T09:05:00+00:00"


def test_parts_of_the_input_and_output() -> None:
    counted = call(
        cache_read_tokens=1,
        cache_write_5m_tokens=2,
        cache_write_1h_tokens=3000,
        thinking_tokens=4,
        web_search_requests=5,
    )
    rows = receipt_of([message()], [counted], EXACT).rows
    assert [(row.figure) for row in rows if row.part] == ["1", "2", "3,000", "4"]
    assert Row("Input", "4,203") in rows
    assert Row("Web searches", "5") in rows


def test_all_calls_of_a_turn_are_summed() -> None:
    first = call(finished_at=WRITTEN + dt.timedelta(seconds=7), thinking_tokens=3, cost_usd=Decimal("0.02"))
    second = call(finished_at=WRITTEN + dt.timedelta(seconds=8), thinking_tokens=4, cost_usd=Decimal("0.03"))
    failed = call(certainty="estimated", input_tokens=100, output_tokens=0, cost_usd=Decimal("0.01"))
    answers = [message(), message("claude-spare"), message(), message("")]
    rows = receipt_of(answers, [first, second, failed], EXACT).rows
    assert rows == [
        Row("Model", "claude-test, claude-spare"),
        Row("Model calls", "3"),
        Row("Input", "2,500"),
        Row("Output", "68"),
        Row("Thinking", "7", part=True),
        Row("Cost", "$0.06 (estimated)"),
        Row("Time", "15 s"),
    ]


@pytest.mark.parametrize(
    ("certainty", "sum_usd", "rounded", "exact"),
    [
        ("exact", "0.001200", "< 1¢", "$0.0012 (exact)"),
        ("exact", "0", "$0", "$0 (exact)"),
        ("exact", "0.0149", "$0.01", "$0.0149 (exact)"),
        ("estimated", "0.001200", "< 1¢", "$0.0012 (estimated)"),
        ("estimated", "1234.5", "≈ $1,234.50", "$1234.5 (estimated)"),
        ("unknown", "0.5", "unknown", "unknown"),
    ],
)
def test_people_see_cents_and_staff_each_digit(
    certainty: str, sum_usd: str, rounded: str, exact: str
) -> None:
    made = call(certainty=certainty, cost_usd=Decimal(sum_usd))
    assert cost(made) == rounded
    assert cost(made, detail=EXACT) == exact


def test_a_sum_is_as_sure_as_its_least_sure_part() -> None:
    assert cost(call(), call(certainty="unknown")) == "unknown"
    assert cost(call(cost_usd=1), call(certainty="estimated", cost_usd=1)) == "≈ $2.00"


def test_a_workspace_may_hide_what_answers_cost() -> None:
    rows = receipt_of([message()], [call()], HIDDEN).rows
    assert [row.label for row in rows] == ["Model", "Input", "Output"]
