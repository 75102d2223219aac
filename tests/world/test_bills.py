"""Bills of strangers: counters that are missing, zero, text or impossible, and answers that are none."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group

from chat.models import ApiCall, Assistant, Budget, BudgetHold, Conversation, LanguageModel, Turn
from chat.operations.billing.budgets import BudgetExceeded
from chat.operations.billing.ledger_check import check_ledger
from chat.operations.billing.payer import Payer
from chat.operations.billing.single_call import call_model
from chat.operations.errors import OperationError
from chat.operations.request.token_counts import count_request
from chat.providers.upstream import UpstreamError
from tests import factories
from tests.support.deletion import delete_for_good
from tests.world.provider_stub import Asked, Reply, Stub, answer, message, recorded
from tests.world.provider_turns import ask, ended, model_at, rows

pytestmark = pytest.mark.django_db(transaction=True)
PRICES = {"input": 10, "write_5m": 12.5, "write_1h": 20, "read": 1, "output": 50}
HELLO: dict[str, Any] = {"max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
LONG = "word " * 44
BEYOND_EVERY_COLUMN = 3 * 2**62
COUNTERS = ["no-usage", "null-usage", "zero-counters", "text-counters", "float-counters"]


def _asked_on(model: LanguageModel) -> tuple[str, str]:
    """Ask one more question; a budget refuses it when it is accepted, or when its call is opened."""
    try:
        return ended(ask(model))
    except BudgetExceeded:
        return "failed", "budget"


def usage(**counters: Any) -> Any:
    return lambda asked: answer(asked, LONG, counters)


@pytest.mark.parametrize("case", COUNTERS)
def test_no_counter_makes_an_answer_free(case: str) -> None:
    with Stub(recorded(f"{case}.sse")) as upstream:
        assert ended(ask(model_at(upstream, prices=PRICES))) == ("completed", "end_turn")
    row = ApiCall.objects.get(purpose="turn")
    told = case in ("text-counters", "float-counters")
    assert row.certainty == ("exact" if told else "estimated")
    assert row.cost_usd > Decimal("0.002")
    if told:
        assert (row.input_tokens, row.output_tokens) == (120, 50)
    assert check_ledger().clean


@pytest.mark.parametrize("case", COUNTERS)
def test_budget_closes_whatever_is_told(case: str) -> None:
    Budget.objects.create(name="All", scope="workspace", period="day", hard_limit_usd=Decimal("0.05"))
    outcomes = []
    with Stub(recorded(f"{case}.sse")) as upstream:
        model = model_at(upstream, prices=PRICES)
        while len(outcomes) < 20 and ("failed", "budget") not in outcomes:
            outcomes.append(_asked_on(model))
    assert 1 < len(outcomes) < 20
    assert set(outcomes[:-1]) == {("completed", "end_turn")}
    assert outcomes[-1] == ("failed", "budget")
    assert check_ledger().clean


@pytest.mark.parametrize(
    ("counters", "certainty"),
    [
        ({"input_tokens": 0, "output_tokens": 50}, "estimated"),
        ({"input_tokens": 120, "output_tokens": 0}, "estimated"),
        ({"input_tokens": -5, "output_tokens": 50}, "estimated"),
        ({"input_tokens": 120, "output_tokens": None}, "estimated"),
        ({"input_tokens": 120, "output_tokens": "many"}, "estimated"),
        ({"input_tokens": 120, "output_tokens": True}, "estimated"),
        ({"input_tokens": 12.5, "output_tokens": 50}, "estimated"),
        ({"prompt_tokens": 120, "completion_tokens": 50}, "estimated"),
        ({"input_tokens": 120, "output_tokens": 50, "cache_read_input_tokens": -1}, "estimated"),
        ({"input_tokens": 120, "output_tokens": 50}, "exact"),
        ({"input_tokens": "120", "output_tokens": 50.0}, "exact"),
        ({"input_tokens": 0, "cache_read_input_tokens": 120, "output_tokens": 50}, "exact"),
    ],
)
def test_only_whole_counters_are_exact(counters: dict[str, Any], certainty: str) -> None:
    with Stub(usage(**counters)) as upstream:
        ask(model_at(upstream, prices=PRICES))
    row = ApiCall.objects.get(purpose="turn")
    assert row.certainty == certainty
    assert row.input_tokens + row.cache_read_tokens > 0
    assert row.output_tokens >= (50 if certainty == "exact" else 1)
    assert check_ledger().clean


@pytest.mark.parametrize("counter", [3_000_000_000, BEYOND_EVERY_COLUMN])
@pytest.mark.parametrize("name", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
def test_impossible_counter_is_an_estimate(name: str, counter: int) -> None:
    with Stub(usage(**{"input_tokens": 120, "output_tokens": 50, name: counter})) as upstream:
        assert ended(ask(model_at(upstream, prices=PRICES))) == ("completed", "end_turn")
    row = ApiCall.objects.get(purpose="turn")
    assert (row.status, row.certainty) == ("succeeded", "estimated")
    assert row.cost_usd < 1
    assert check_ledger().clean


@pytest.mark.parametrize("told", [None, {}, {"input_tokens": 0, "output_tokens": 0}])
def test_single_answer_without_counters_is_estimated(told: Any) -> None:
    with Stub(lambda _asked: Reply(body=message(LONG, usage=told))) as upstream:
        call_model(model_at(upstream, prices=PRICES), HELLO, purpose="title", door="job")
    row = ApiCall.objects.get()
    assert (row.certainty, row.output_tokens) == ("estimated", 74)
    assert row.input_tokens > 0


def test_answers_that_are_none_leave_the_budget_alone() -> None:
    Budget.objects.create(name="All", scope="workspace", period="day", hard_limit_usd=1)
    bodies = [b"<html>Sign in</html>", {"type": "error", "error": {"message": "no"}}, {"detail": "?"}]
    with Stub(lambda _asked: Reply(body=bodies.pop())) as upstream:
        model = model_at(upstream, prices=PRICES, max_retries=0)
        for _body in range(3):
            with pytest.raises(UpstreamError):
                call_model(model, HELLO, purpose="title", door="job", payer=Payer())
    assert rows() == [("title", "failed", "exact")] * 3
    assert factories.budget_room() == 1
    assert not BudgetHold.objects.open().exists()
    assert check_ledger().clean


def test_half_an_answer_is_still_unknown() -> None:
    with (
        Stub(lambda _asked: Reply(body=b'{"id": "msg_1", "type": "mess')) as upstream,
        pytest.raises(UpstreamError, match="half an answer"),
    ):
        call_model(model_at(upstream), HELLO, purpose="title", door="job")
    assert rows() == [("title", "failed", "unknown")]


@pytest.mark.parametrize("after", ["kept", "moved", "deleted"])
def test_new_budget_of_an_assistant_begins_spent(after: str) -> None:
    author = factories.person()
    with Stub(usage(input_tokens=15_000, output_tokens=1_000)) as upstream:
        model = model_at(upstream, prices=PRICES)
        first, second = (Assistant.objects.create(name=name, model=model) for name in ("First", "Second"))
        for _answer in range(3):
            turn = ask(model, author=author, assistant_id=first.id)  # 0.20 USD each
            assert ended(turn) == ("completed", "end_turn")
            if after == "moved":
                Conversation.objects.filter(id=turn.conversation_id).update(assistant=second)
            if after == "deleted":
                delete_for_good(turn.conversation)
        for assistant in (first, second):
            Budget.objects.create(
                name=assistant.name,
                scope="assistant",
                period="day",
                assistant=assistant,
                hard_limit_usd="0.40",
            )
        with pytest.raises(OperationError) as refused:
            ask(model, author=author, assistant_id=first.id)
        assert (refused.value.status, refused.value.code) == (402, "budget")
        assert ended(ask(model, author=author, assistant_id=second.id)) == ("completed", "end_turn")
    assert check_ledger().clean


def test_new_budget_of_a_group_counts_who_left_it() -> None:
    leaving, staying, outsider = (factories.person(name) for name in ("leaving", "staying", "outsider"))
    group, lookalike = Group.objects.create(name="Writers"), Group.objects.create(name="Readers")
    for person in (leaving, staying):
        person.groups.add(group)
    leaving.groups.add(lookalike)
    with Stub(usage(input_tokens=15_000, output_tokens=1_000)) as upstream:
        model = model_at(upstream, prices=PRICES)
        for author in (leaving, leaving, outsider):
            ask(model, author=author)
        leaving.groups.clear()
        outsider.groups.add(group)
        Budget.objects.create(name="Writers", scope="group", group=group, period="day", hard_limit_usd="0.40")
        with pytest.raises(OperationError) as refused:
            ask(model, author=staying)
        assert refused.value.status == 402
        assert ended(ask(model, author=leaving)) == ("completed", "end_turn")
    period = Budget.objects.get().periods.get() if Budget.objects.get().periods.exists() else None
    assert period is None or period.spent_usd == Decimal("0.40")
    assert check_ledger().clean


def test_row_copies_what_its_budgets_are_chosen_by(insider: Any) -> None:
    groups = [Group.objects.create(name=name) for name in ("A", "B")]
    insider.groups.add(*groups)
    with Stub(answer) as upstream:
        model = model_at(upstream)
        assistant = Assistant.objects.create(name="First", model=model)
        ask(model, author=insider, assistant_id=assistant.id)
        call_model(model, HELLO, purpose="prewarm", door="job", payer=Payer(assistant_id=assistant.id))
    turn, warm = ApiCall.objects.order_by("id")
    assert (turn.assistant, warm.assistant) == (assistant, assistant)
    assert set(turn.payer_groups.strip(",").split(",")) == {str(group.pk) for group in groups}
    assert (warm.payer_groups, Turn.objects.count()) == ("", 1)
    for group in groups:
        assert list(ApiCall.objects.of_group(group.pk)) == [turn]
    assert not ApiCall.objects.of_group(int(f"{groups[0].pk}{groups[1].pk}"))


@pytest.mark.parametrize("counted", [-1, "many", None, BEYOND_EVERY_COLUMN])
def test_senseless_count_is_an_estimate(counted: Any) -> None:
    with Stub(lambda _asked: Reply(body={"input_tokens": counted})) as upstream:
        found = count_request(model_at(upstream), HELLO)
    assert not found.exact
    assert 0 < found.tokens < 100


def test_asked_is_kept_with_its_body() -> None:
    """The control of this module: every question arrives, and is paid by what was told."""
    seen: list[Asked] = []

    def reply(asked: Asked) -> Reply:
        seen.append(asked)
        return answer(asked, usage={"input_tokens": 100, "output_tokens": 10})

    with Stub(reply) as upstream:
        ask(model_at(upstream, prices=PRICES))
    assert seen[0].streams
    assert ApiCall.objects.get().cost_usd == Decimal("0.0015")
