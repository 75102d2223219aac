"""Fifty requests at the same moment, on both databases: a budget for one admits one, and no sum is lost."""

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest

from chat.models import ApiCall, Budget, BudgetHold, BudgetPeriod
from chat.operations.billing import ledger
from chat.operations.billing.budgets import BudgetExceeded
from chat.operations.billing.ledger_check import check_ledger
from chat.operations.billing.paid_call import PaidCall
from chat.operations.request import build
from chat.operations.turns import claim, open_call
from tests import factories

pytestmark = pytest.mark.usefixtures("any_database")
AtOnce = Callable[..., list[Any]]


def open_row(user: Any, worst: str) -> int:
    return factories.open_row(factories.language_model(), user, worst)


def test_budget_for_one_call_admits_one_of_fifty(at_once: AtOnce) -> None:
    author = factories.person()
    factories.language_model()
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    Budget.objects.create(name="Each", scope="everybody", hard_limit_usd="0.50", period="day")
    outcomes = at_once(lambda: open_row(author, "0.5"))
    assert len([one for one in outcomes if isinstance(one, int)]) == 1
    assert [type(one) for one in outcomes].count(BudgetExceeded) == 49
    assert ApiCall.objects.count() == 1
    assert {row.held_usd for row in BudgetPeriod.objects.all()} == {D("0.5")}


def test_one_of_fifty_turns_is_admitted(at_once: AtOnce) -> None:
    """Each would take all that its answer may cost; what the first leaves is too little for another."""
    people = [factories.person(f"person{number}") for number in range(50)]
    works = []
    for author in people:
        queued = factories.turn(factories.conversation(author), status="queued")
        works.append(claim.claim_turn(queued.id, f"host:{author.pk}"))
    request = {**build.request_for(works[0]), "max_tokens": 600}
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd="0.01")
    waiting = iter(works)
    outcomes = at_once(lambda: open_call.open_call(next(waiting), request, call=1, attempt=1))
    assert [type(one) for one in outcomes].count(PaidCall) == 1
    assert [type(one) for one in outcomes].count(BudgetExceeded) == 49


def test_sums_are_exact_after_fifty_bills(at_once: AtOnce) -> None:
    """Amounts that binary fractions can't write: not one of them may be lost, nor leave a trace of a hold."""
    author, model = factories.person(), factories.language_model()
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd=100)
    calls = iter([open_row(author, "0.1000000001") for _ in range(50)])
    bill = ledger.bill_for(model.price_rows(), {"input_tokens": 37, "output_tokens": 1}, whole=True)
    settlement = ledger.Settlement(status="succeeded", bill=bill)
    assert BudgetPeriod.objects.get().held_usd == 50 * D("0.1000000001")
    assert set(at_once(lambda: ledger.settle_call(next(calls), settlement))) == {True}
    period = BudgetPeriod.objects.get()
    assert (period.spent_usd, period.held_usd) == (50 * D("0.000126"), 0)
    assert check_ledger().clean


def test_first_period_is_created_once(at_once: AtOnce) -> None:
    author = factories.person()
    ledger.settle_call(
        open_row(author, "0"),
        ledger.Settlement(
            status="succeeded",
            bill=ledger.bill_for(
                factories.language_model().price_rows(),
                {"input_tokens": 0, "output_tokens": 1000},
                whole=True,
            ),
        ),
    )
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    assert set(at_once(factories.budget_room, 20)) == {D("0.985")}
    assert (BudgetPeriod.objects.count(), BudgetHold.objects.count()) == (1, 1)
