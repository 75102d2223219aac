"""Paid calls: what is held before they are sent, and what becomes of their rows."""

import base64
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from chat.claude.limits.cost_bound import MAX_DOCUMENT_PAGES, PAGE_TOKENS
from chat.models import ApiCall, Budget, BudgetHold, BudgetPeriod, LanguageModel, User
from chat.operations.billing.budgets import BudgetExceeded
from chat.operations.billing.paid_call import Outcome, PaidCall
from chat.operations.billing.payer import Payer
from chat.operations.files.uploads import store_upload
from tests import factories
from tests.support import media

pytestmark = pytest.mark.django_db
MILLION = Decimal(1_000_000)
HELLO = {"max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}
USAGE = {"input_tokens": 1000, "output_tokens": 100}


@pytest.fixture
def budget() -> Budget:
    return Budget.objects.create(name="All", scope="workspace", hard_limit_usd=100)


def paid(model: LanguageModel, request: dict[str, Any] | None = None, **fields: Any) -> PaidCall:
    fields = {"key": "k", "purpose": "title", "door": "job", "prices": model.price_rows(), **fields}
    return PaidCall(model=model, request=request or HELLO, **fields)


def held() -> Decimal:
    return BudgetPeriod.objects.get().held_usd


@pytest.mark.parametrize(("uploaded", "pages"), [(True, 40), (False, MAX_DOCUMENT_PAGES)])
def test_pages_of_a_pdf_are_held(budget: Budget, insider: User, uploaded: bool, pages: int) -> None:
    model = factories.language_model("claude-wide", max_input_tokens=10_000_000)
    data = media.packed_pdf(40)
    if uploaded:
        store_upload(owner=insider, name="paper.pdf", data=data)
    source = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(data).decode()}
    content = [{"type": "document", "source": source}]
    paid(model, {**HELLO, "messages": [{"role": "user", "content": content}]}).open()
    tokens = (held() - 100 * 15 / MILLION) / 3 * MILLION
    assert pages * PAGE_TOKENS <= tokens <= pages * PAGE_TOKENS + 1_000


def test_a_tighter_bound_is_held_instead(budget: Budget, model: LanguageModel) -> None:
    paid(model, prompt_tokens=lambda: 10).open()
    assert held() == (10 * 3 + 100 * 15) / MILLION


def test_no_more_than_the_context_is_held(budget: Budget, model: LanguageModel) -> None:
    paid(model, prompt_tokens=lambda: 10**9).open()
    assert held() == (model.max_input_tokens * 3 + 100 * 15) / MILLION


@pytest.mark.parametrize("may_shorten", [True, False])
def test_only_some_calls_are_shortened(model: LanguageModel, budget: Budget, may_shorten: bool) -> None:
    Budget.objects.update(hard_limit_usd="0.01")
    call = paid(model, {**HELLO, "max_tokens": 1000}, may_shorten=may_shorten, prompt_tokens=lambda: 10)
    if may_shorten:
        assert call.open().request["max_tokens"] < 1000
        assert held() <= Decimal("0.01")
    else:
        with pytest.raises(BudgetExceeded):
            call.open()
        assert call.call_id is None
        assert not ApiCall.objects.exists()


def test_budgets_are_read_once(
    budget: Budget, model: LanguageModel, insider: User, django_assert_num_queries: Any
) -> None:
    factories.budget_room()
    call = paid(model, payer=Payer(insider.pk))
    # The test's savepoint and its end; budgets, workspace, period, its lock; the row, the sums and the hold.
    with django_assert_num_queries(9):
        call.open()


def test_a_key_is_used_once(budget: Budget, model: LanguageModel) -> None:
    paid(model).open()
    before = held()
    with pytest.raises(IntegrityError):
        paid(model).open()
    assert held() == before


def test_what_arrived_decides_the_bill(budget: Budget, model: LanguageModel) -> None:
    message = {"id": "msg_1", "usage": USAGE, "stop_reason": "end_turn", "content": []}
    cases = [
        (Outcome(message=message, whole=True, http_status=200), "succeeded", "succeeded", "exact"),
        (Outcome(message=message, http_status=200, text="x" * 3000), "cut", "cut", "estimated"),
        (Outcome(), "cut", "cut", "unknown"),
        (Outcome(http_status=529), "cut", "failed", "exact"),
        (Outcome(http_status=200, nothing_generated=True), "cut", "failed", "exact"),
    ]
    for number, (outcome, status, settled, certainty) in enumerate(cases):
        call = paid(model, key=str(number)).open()
        row = ApiCall.objects.get(id=call.call_id)
        call.settle(call.settlement(outcome, status))
        row.refresh_from_db()
        assert (row.status, row.certainty, call.call_id) == (settled, certainty, None)
        assert (row.cost_usd > 0) == (certainty in ("exact", "estimated") and bool(outcome.message))
    assert held() == 0


def test_a_discarded_call_leaves_nothing(budget: Budget, model: LanguageModel) -> None:
    call = paid(model).open()
    call.discard()
    assert call.call_id is None
    assert (held(), ApiCall.objects.count(), BudgetHold.objects.count()) == (0, 0, 0)


def test_a_call_is_settled_only_while_it_is_open(model: LanguageModel) -> None:
    call = paid(model)
    with pytest.raises(AssertionError):
        call.settle(call.settlement(Outcome(), "cut"))
    with pytest.raises(AssertionError):
        call.discard()


def test_counts_are_free_even_with_nothing_left(budget: Budget, model: LanguageModel) -> None:
    Budget.objects.update(hard_limit_usd=0)
    call = paid(model, purpose="count").open()
    settlement = call.settlement(Outcome(message={"input_tokens": 5}, whole=True), "succeeded")
    assert (settlement.bill.cost_usd, settlement.bill.certainty) == (0, "exact")
    assert not BudgetHold.objects.exists()
