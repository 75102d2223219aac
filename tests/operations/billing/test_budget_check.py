"""Differences between budgets, their holds and the ledger are found."""

from typing import Any

import pytest

from chat.models import ApiCall, BudgetHold, BudgetPeriod, LanguageModel
from chat.operations.billing import ledger
from chat.operations.billing.ledger_check import check_ledger
from tests.operations.billing.test_budgets import budget, open_row, settled

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda: BudgetPeriod.objects.update(spent_usd=2), "wrong_budget_sum"),
        (lambda: BudgetPeriod.objects.update(held_usd=2), "wrong_budget_sum"),
        (lambda: ApiCall.objects.update(cost_usd=2), "wrong_hold"),
        (lambda: BudgetHold.objects.update(released_at=None), "stale_hold"),
        (lambda: BudgetHold.objects.update(released_at=None, call=None), "stale_hold"),
    ],
)
def test_budget_sums_that_disagree_are_found(change: Any, kind: str, model: LanguageModel) -> None:
    budget()
    ledger.settle_call(open_row(model), settled(model))
    change()
    assert kind in {found.kind for found in check_ledger().findings}
