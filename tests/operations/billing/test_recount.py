"""Cut answers are billed by count: once, by the provider's tokenizer, with the rest of the hold kept until then."""

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest

from chat.events import payloads
from chat.events.store import Batch
from chat.models import ApiCall, Budget, BudgetPeriod, LanguageModel, Turn, User
from chat.models.money.ledger import ApiCallQuerySet
from chat.operations.billing import ledger, recount
from chat.operations.billing.ledger_check import check_invoice, check_ledger
from chat.operations.turns import claim, finish, open_call
from tests import factories
from tests.support.simulator import Upstream

pytestmark = pytest.mark.django_db
REQUEST = {"max_tokens": 1000, "messages": [{"role": "user", "content": "How high?"}]}
USAGE = {"input_tokens": 1000, "output_tokens": 1}
# A letter beyond ASCII is a token for the simulator, and two bytes for the estimate.
TEXT = "höher äöü " * 100
MakeSimulator = Callable[..., Upstream]


@pytest.fixture
def model(insider: User, simulator: Upstream) -> LanguageModel:
    return factories.language_model(
        "claude-sonnet-5-5", connection=factories.provider(base_url=simulator.url)
    )


def cut(user: User, model: LanguageModel, *texts: str, **fields: Any) -> ApiCall:
    """A turn that was stopped after these blocks of text, as the engine ends it."""
    queued = factories.turn(factories.conversation(user), status="queued", model=model)
    running = claim.claim_turn(queued.id, "host:1:aa")
    assert running
    opened = open_call.open_call(running, REQUEST, call=1, attempt=1)
    told = [payloads.turn_started(model="m", assistant_message=str(running.message.id))]
    for index, text in enumerate(texts):
        told.append(
            payloads.block_start(
                message=str(running.message.id), index=index, block={"type": "text", "text": ""}
            )
        )
        told.append(payloads.block_delta(index=index, key="text", value=text))
    frames = [payloads.encode(event, turn=str(queued.id), seq=seq) for seq, event in enumerate(told, start=1)]
    bill = ledger.bill_for(running.prices, USAGE, whole=False, text="".join(texts))
    settlement = ledger.Settlement(
        **{"status": "cut", "bill": bill, "upstream_request_id": "req_1", **fields}
    )
    assert finish.finish_turn(
        running,
        finish.TurnEnd(Turn.Status.STOPPED),
        Batch(queued.id, 1, 1, frames),
        answer=None,
        call=(opened.call_id, settlement),
    )
    return ApiCall.objects.get(id=opened.call_id)


def period() -> tuple[D, D]:
    row = BudgetPeriod.objects.get()
    return row.spent_usd, row.held_usd


def test_a_count_replaces_the_estimate_once(insider: User, model: LanguageModel, simulator: Upstream) -> None:
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    call = cut(insider, model, TEXT, "Zweiter Block.", " ")
    estimated, (spent, held) = call.cost_usd, period()
    assert (call.certainty, spent) == ("estimated", estimated)
    assert held > 0
    assert check_ledger().clean
    assert recount.settle_by_count() == 1
    call.refresh_from_db()
    letters = sum(not letter.isascii() for letter in TEXT)
    tokens = letters + -(-(len(TEXT) - letters) // 3) + 5
    assert (call.output_tokens, call.certainty, call.status) == (tokens, "estimated", "cut")
    assert call.cost_usd == (1000 * 3 + tokens * 15) / D(1_000_000) != estimated
    assert period() == (call.cost_usd, 0)
    counts = ApiCall.objects.filter(purpose="count").order_by("id")
    assert [(one.cost_usd, one.certainty, one.status) for one in counts] == [(0, "exact", "succeeded")] * 2
    assert all(one.upstream_request_id for one in counts)
    assert recount.settle_by_count() == 0
    assert counts.count() == 2
    assert check_ledger().clean
    assert not check_invoice(
        [{"request_id": "req_1", "usage": {**dict.fromkeys(INVOICED, 0), "input_tokens": 1000}}]
    )


INVOICED = (
    *("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "cache_read_input_tokens"),
    *("output_tokens", "thinking_tokens", "web_search_requests"),
)


def test_overhead_is_counted_once_per_model(insider: User, model: LanguageModel) -> None:
    for _ in range(3):
        cut(insider, model, "Hello there")
    assert recount.settle_by_count() == 3
    assert ApiCall.objects.filter(purpose="count").count() == 4


def test_count_is_never_below_the_reported_usage(insider: User, model: LanguageModel) -> None:
    call = cut(insider, model, "x")
    ApiCall.objects.filter(id=call.pk).update(usage={"input_tokens": 1000, "output_tokens": 7})
    recount.settle_by_count()
    call.refresh_from_db()
    assert call.output_tokens == 7


def test_empty_answers_are_not_counted(insider: User, model: LanguageModel, simulator: Upstream) -> None:
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    call = cut(insider, model)
    assert recount.settle_by_count() == 0
    assert period() == (call.cost_usd, 0)
    assert not ApiCall.objects.filter(purpose="count").exists()


def test_a_provider_that_cannot_count_is_not_asked(insider: User) -> None:
    local = factories.provider("Local", kind="local")
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    call = cut(insider, factories.language_model("claude-sonnet-5-5", connection=local), TEXT)
    assert period() == (call.cost_usd, 0)
    assert recount.settle_by_count() == 0


def test_a_count_that_fails_leaves_the_estimate(insider: User, make_simulator: MakeSimulator) -> None:
    Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    away = factories.provider("Away", base_url="http://127.0.0.1:9")
    call = cut(insider, factories.language_model("claude-sonnet-5-5", connection=away), TEXT)
    assert recount.settle_by_count() == 0
    assert period() == (call.cost_usd, 0)


def test_two_jobs_count_once(insider: User, model: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that read its list before another one counted finds the other's row in its way."""
    call = cut(insider, model, TEXT)
    assert recount.settle_by_count() == 1
    stale = ApiCall.objects.filter(id=call.pk)
    monkeypatch.setattr(ApiCallQuerySet, "awaiting_count", lambda _rows: stale)
    ApiCall.objects.filter(id=call.pk).update(output_tokens=3)
    assert recount.settle_by_count() == 0
    call.refresh_from_db()
    assert call.output_tokens == 3


def test_a_run_asks_for_some_and_leaves_the_rest(
    insider: User, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        cut(insider, model, "Hello there")
    monkeypatch.setattr(recount, "AT_ONCE", 2)
    assert [recount.settle_by_count() for _ in range(3)] == [2, 1, 0]


def test_an_exact_bill_is_never_counted(insider: User, model: LanguageModel) -> None:
    call = cut(insider, model, TEXT)
    ApiCall.objects.filter(id=call.pk).update(certainty="exact")
    assert not ledger.apply_count(call.pk, 5)
    ApiCall.objects.filter(id=call.pk).update(certainty="estimated", unit_prices=None)
    assert not ledger.apply_count(call.pk, 5)
