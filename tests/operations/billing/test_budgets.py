"""Budgets: whom they bind, what is held and spent, when they renew, and how they refuse."""

import datetime as dt
import uuid
from decimal import Decimal as D
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone, translation

from chat.models import ApiCall, Budget, BudgetHold, BudgetPeriod, LanguageModel, User, Workspace
from chat.operations.accounts.api_keys import create_api_key
from chat.operations.billing import budget_periods, budgets, ledger
from chat.operations.billing.budget_periods import BudgetStanding
from chat.operations.billing.budgets import BudgetExceeded
from chat.operations.billing.ledger_check import check_ledger
from chat.operations.billing.payer import Payer
from chat.operations.billing.single_call import call_model
from chat.operations.catalogue.connection_test import test_connection as try_connection
from chat.operations.errors import OperationError
from chat.operations.request import build
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import claim, finish, open_call
from tests import factories
from tests.support.turns import start_turn

pytestmark = pytest.mark.django_db
# With the prices of the tests: 1,000 in and 100 out at 3 and 15 USD per million.
USAGE = {"input_tokens": 1000, "output_tokens": 100}
COST = D("0.0045")


def budget(scope: str = "workspace", limit: Any = 1, **fields: Any) -> Budget:
    name = fields.pop("name", f"{scope} {uuid.uuid4()}")
    return Budget.objects.create(name=name, scope=scope, hard_limit_usd=limit, **fields)


def open_row(model: LanguageModel, user: User | None = None, worst: str = "0.5", **fields: Any) -> int:
    return factories.open_row(model, user, worst, **fields)


def settled(model: LanguageModel, **fields: Any) -> ledger.Settlement:
    return ledger.Settlement(
        **{"status": "succeeded", "bill": ledger.bill_for(model.price_rows(), USAGE, whole=True), **fields}
    )


def amounts() -> list[tuple[D, D]]:
    return [(row.spent_usd, row.held_usd) for row in BudgetPeriod.objects.order_by("id")]


# --- Holding and settling ---


def test_worst_case_is_held_and_cost_is_spent(model: LanguageModel, insider: User) -> None:
    budget(limit=1)
    call = open_row(model, insider)
    assert amounts() == [(0, D("0.5"))]
    assert ledger.settle_call(call, settled(model))
    assert amounts() == [(COST, 0)]
    assert not ledger.settle_call(call, settled(model))
    assert amounts() == [(COST, 0)]
    assert BudgetHold.objects.get().settled_usd == COST
    assert check_ledger().findings == [] or {found.kind for found in check_ledger().findings} == {
        "missing_call"
    }


def test_discarded_call_frees_its_hold(model: LanguageModel, insider: User) -> None:
    budget()
    ledger.discard_call(open_row(model, insider))
    assert amounts() == [(0, 0)]
    assert not BudgetHold.objects.exists()
    ledger.discard_call(0)


def test_a_refused_call_writes_nothing(model: LanguageModel, insider: User) -> None:
    wide, tight = budget(limit=9), budget("everybody", limit="0.49")
    with pytest.raises(BudgetExceeded) as refused:
        open_row(model, insider)
    assert (refused.value.code, refused.value.status) == ("budget", 402)
    assert refused.value.detail.startswith("little everybody month ")
    assert not ApiCall.objects.exists()
    assert not BudgetHold.objects.exists()
    assert not BudgetPeriod.objects.filter(budget__in=[wide, tight], held_usd__gt=0).exists()


def test_unknown_cost_counts_as_the_hold(model: LanguageModel) -> None:
    budget()
    unknown = ledger.Settlement(status="failed", bill=ledger.bill_for([], None, whole=False))
    ledger.settle_call(open_row(model), unknown)
    assert amounts() == [(D("0.5"), 0)]
    assert check_ledger().clean


def test_a_free_call_costs_no_budget(model: LanguageModel) -> None:
    budget()
    ledger.settle_call(open_row(model), ledger.Settlement(status="failed", bill=ledger.free_bill()))
    assert amounts() == [(0, 0)]


# --- Who ---


def test_every_applicable_budget_must_have_room(model: LanguageModel, insider: User, outsider: User) -> None:
    group = Group.objects.create(name="Design")
    insider.groups.add(group)
    key, _secret = create_api_key(user=insider, name="k", scopes=["chat"])
    kinds: dict[str, dict[str, Any]] = {
        "workspace": {},
        "everybody": {},
        "person": {"person": insider},
        "group": {"group": group},
        "key": {"api_key": key},
    }
    for scope, fields in kinds.items():
        budget(scope, name=scope, **fields)
    budget(name="off", enabled=False)
    budget("person", name="another's", person=outsider)

    def names(payer: Payer) -> set[str]:
        return {one.name for one in budgets.applying(payer)}

    assert names(Payer()) == {"workspace"}
    assert names(Payer(outsider.pk)) == {"workspace", "everybody", "another's"}
    assert names(Payer(insider.pk)) == {"workspace", "everybody", "person", "group"}
    assert names(Payer(insider.pk, key.pk)) == {"workspace", "everybody", "person", "group", "key"}


def test_assistant_budget_covers_its_conversations(model: LanguageModel, insider: User) -> None:
    from chat.models import Assistant

    guide, other = (Assistant.objects.create(name=name) for name in ("Guide", "Other"))
    mine = budget("assistant", assistant=guide)
    assert budgets.applying(Payer(insider.pk, None, guide.pk)) == [mine]
    assert budgets.applying(Payer(insider.pk, None, other.pk)) == []


def test_each_person_has_a_period_of_their_own(model: LanguageModel, insider: User, outsider: User) -> None:
    budget("everybody", limit="0.5")
    open_row(model, insider)
    open_row(model, outsider)
    with pytest.raises(BudgetExceeded):
        open_row(model, insider, "0.01")
    assert {row.subject for row in BudgetPeriod.objects.all()} == {str(insider.pk), str(outsider.pk)}


@pytest.mark.parametrize("scope", ["workspace", "everybody", "person", "group", "assistant", "key"])
def test_new_budget_counts_earlier_costs_of_its_period(
    scope: str, model: LanguageModel, insider: User, outsider: User
) -> None:
    from chat.models import Assistant

    guide, group = Assistant.objects.create(name="Guide"), Group.objects.create(name="Design")
    insider.groups.add(group)
    key, _secret = create_api_key(user=insider, name="k", scopes=["chat"])
    chat = factories.conversation(insider, assistant=guide)
    paid = open_row(model, insider, api_key_id=key.pk, assistant_id=guide.pk, conversation_id=chat.pk)
    ledger.settle_call(paid, settled(model))
    ledger.settle_call(open_row(model, outsider), settled(model))
    old = open_row(model, insider, api_key_id=key.pk, assistant_id=guide.pk, conversation_id=chat.pk)
    ApiCall.objects.filter(id=old).update(started_at=timezone.now() - dt.timedelta(days=40))
    ledger.settle_call(old, settled(model))
    fields = {
        "person": {"person": insider},
        "group": {"group": group},
        "assistant": {"assistant": guide},
        "key": {"api_key": key},
    }.get(scope, {})
    made = budget(scope, **fields)
    payer = Payer(insider.pk, key.pk, guide.pk)
    spent = COST * 2 if scope == "workspace" else COST
    assert [one.spent_usd for one in budgets.standings(payer)] == [spent]
    assert not made.periods.exists()
    assert factories.budget_room(payer) == 1 - spent
    assert [one.spent_usd for one in budgets.standings(payer)] == [spent]
    assert made.periods.get().holds.get().settled_usd == spent


# --- When ---


@pytest.mark.parametrize(
    ("period", "start", "renews"),
    [
        ("day", "2026-11-22", "2026-11-23"),
        ("week", "2026-11-16", "2026-11-23"),
        ("month", "2026-11-01", "2026-12-01"),
    ],
)
def test_periods(period: str, start: str, renews: str) -> None:
    sunday = dt.date(2026, 11, 22)
    first = budget_periods.period_start(period, sunday)
    assert (first.isoformat(), budget_periods.renewal(period, first).isoformat()) == (start, renews)


@pytest.mark.parametrize("month", range(1, 13))
def test_monthly_budget_renews_on_the_first(month: int) -> None:
    after = budget_periods.renewal("month", dt.date(2026, month, 1))
    assert (after.day, after.month) == (1, month % 12 + 1)


def test_a_day_begins_at_midnight_of_the_workspace(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workspace.objects.create(time_zone="Asia/Seoul")
    one = budget(period="day")
    now = dt.datetime(2026, 11, 22, 14, 59, tzinfo=dt.UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    ledger.settle_call(open_row(model), settled(model))
    now = dt.datetime(2026, 11, 22, 15, 0, tzinfo=dt.UTC)
    assert factories.budget_room(Payer()) == 1
    days = {row.starts_on.isoformat(): row.spent_usd for row in one.periods.all()}
    assert days == {"2026-11-22": COST, "2026-11-23": 0}


def test_a_call_belongs_to_the_period_in_which_it_began(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = budget(period="day")
    now = dt.datetime(2026, 11, 22, 23, 59, tzinfo=dt.UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    call = open_row(model)
    now = dt.datetime(2026, 11, 23, 0, 1, tzinfo=dt.UTC)
    factories.budget_room(Payer())
    ledger.settle_call(call, settled(model))
    assert [row.spent_usd for row in one.periods.order_by("starts_on")] == [COST, 0]


# --- Words ---


@pytest.mark.parametrize(
    ("spent", "held", "words"),
    [
        ("1", "0", "The workspace’s budget for this month is used up. It renews on"),
        ("0.4", "0.6", "have reserved the rest of"),
        ("1.2", "0.6", "is used up"),
    ],
)
def test_exhausted_budget_refuses_the_turn_at_once(
    spent: str, held: str, words: str, insider: User, model: LanguageModel
) -> None:
    one = budget()
    factories.budget_room(Payer())
    one.periods.update(spent_usd=D(spent), held_usd=D(held))
    with translation.override("en"), pytest.raises(OperationError) as refused:
        start_turn(author=insider, client_id=uuid.uuid4(), text="Hello?")
    assert (refused.value.code, refused.value.status) == ("budget", 402)
    assert words in refused.value.message
    assert not ApiCall.objects.exists()


def test_soft_limit_warns_and_never_refuses(model: LanguageModel, insider: User) -> None:
    budget(limit=1, soft_limit_usd="0.01")
    budget("everybody", limit=1)
    for _ in range(3):
        assert budgets.warnings(Payer(insider.pk)) == []
        ledger.settle_call(open_row(model, insider), settled(model))
    [standing] = budgets.warnings(Payer(insider.pk))
    assert (standing.budget.scope, standing.percent) == ("workspace", 1)
    budgets.admit(Payer(insider.pk))


def test_people_see_their_own_budgets(model: LanguageModel, insider: User, outsider: User) -> None:
    group = Group.objects.create(name="Design")
    insider.groups.add(group)
    key, _secret = create_api_key(user=insider, name="k", scopes=["chat"])
    budget("workspace", name="all")
    budget("everybody", name="each")
    budget("group", name="group", group=group)
    budget("key", name="key", api_key=key)
    budget("person", name="person", person=insider)
    assert [one.budget.name for one in budgets.own_standings(insider)] == ["each", "group", "key", "person"]
    assert [one.budget.name for one in budgets.own_standings(outsider)] == ["each"]
    Budget.objects.all().delete()
    assert budgets.own_standings(insider) == []


# --- Turns ---


def work_of(user: User, **fields: Any) -> RunningTurn:
    turn = factories.turn(factories.conversation(user), status="queued", **fields)
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running
    return running


def test_without_budgets_nothing_is_counted(insider: User, django_assert_num_queries: Any) -> None:
    running = work_of(insider)
    request = build.request_for(running)
    with django_assert_num_queries(4):  # the test's savepoint and its end, budgets, and the row
        opened = open_call.open_call(running, request, call=1, attempt=1)
    assert opened.request is request
    assert not opened.warned


def test_an_answer_is_shortened_to_what_is_left(insider: User) -> None:
    budget(limit="0.01")
    running = work_of(insider)
    request = build.request_for(running)
    opened = open_call.open_call(running, request, call=1, attempt=1)
    assert 256 <= opened.request["max_tokens"] < request["max_tokens"] == 1000
    [(spent, held)] = amounts()
    assert spent == 0
    assert D("0.00998") < held <= D("0.01")


def test_too_little_for_an_answer_is_refused(insider: User) -> None:
    budget(limit="0.01")
    ledger.settle_call(
        open_row(factories.language_model(), worst="0.01"), settled(factories.language_model())
    )
    BudgetPeriod.objects.update(spent_usd="0.007")
    running = work_of(insider)
    with pytest.raises(BudgetExceeded) as refused:
        open_call.open_call(running, build.request_for(running), call=1, attempt=1)
    assert refused.value.detail.startswith("little workspace month")


def test_passed_soft_limit_is_reported_with_the_call(insider: User, model: LanguageModel) -> None:
    budget(limit=9, soft_limit_usd="0.00")
    ledger.settle_call(open_row(model), settled(model))
    assert open_call.open_call(work_of(insider), {"max_tokens": 9, "messages": []}, call=1, attempt=1).warned


def test_usage_of_the_last_call_tightens_the_bound(insider: User) -> None:
    budget(limit=9)
    first = work_of(insider)
    text = "many words " * 1000
    first.message.parent.text = text  # type: ignore[union-attr]
    request = {**build.request_for(first), "messages": [{"role": "user", "content": text}]}
    opened = open_call.open_call(first, request, call=1, attempt=1)
    held = amounts()[0][1]
    bill = ledger.bill_for(first.prices, USAGE, whole=True)
    ledger.settle_call(opened.call_id, ledger.Settlement(status="succeeded", bill=bill))
    finish.keep_answer(first.message, finish.AnswerContent([{"type": "text", "text": "Yes."}]))
    first.turn.status = "completed"
    first.turn.finished_at = timezone.now()
    first.turn.save()
    second = factories.turn(first.turn.conversation, status="queued", parent=first.message, text="And that?")
    running = claim.claim_turn(second.id, "host:1:aa")
    assert running
    longer = [
        {"role": "user", "content": text},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "And that?"},
    ]
    open_call.open_call(running, {**request, "messages": longer}, call=1, attempt=1)
    again = amounts()[0][1]
    assert again < held
    # 1,000 + 100 tokens that the last call told, and at most one token per byte of what came since.
    assert again < D(15 * 1000 + 4 * 1300) / 1_000_000


def test_jobs_hold_their_worst_case(insider: User, model: LanguageModel) -> None:
    budget(limit="0.01")
    factories.budget_room(Payer())
    BudgetPeriod.objects.update(spent_usd="0.0099")
    request = {"max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
    with pytest.raises(BudgetExceeded):
        call_model(model, request, purpose="test", door="job", payer=Payer(insider.pk))
    assert not ApiCall.objects.exists()
    tried = try_connection(connection_id=model.connection_id, user=insider)
    assert (tried.ok, "more than what is left" in tried.message) == (False, True)


def test_a_hold_is_freed_once(model: LanguageModel) -> None:
    budget()
    open_row(model)
    row = BudgetHold.objects.get()
    assert [budgets.free(row.pk), budgets.free(row.pk), budgets.free(0)] == [True, False, False]
    assert amounts() == [(0, 0)]


def test_zero_budget_is_fully_used() -> None:
    assert BudgetStanding(budget(limit=0), "", dt.date(2026, 11, 1)).percent == 100


def test_budget_per_person_has_no_total() -> None:
    shared = budget(limit=3)
    found = budgets.standings_of([shared, budget("everybody")])
    assert found[shared.pk].available_usd == 3
    assert list(found) == [shared.pk], "a budget of each person has one standing per person"
