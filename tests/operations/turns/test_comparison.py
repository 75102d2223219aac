"""Several models answer one message: what a turn keeps, what follows each ending, and what is checked then."""

import datetime as dt
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from chat.events.payloads import accepted
from chat.events.store import Batch, stored_state
from chat.models import ApiKey, Assistant, Budget, Conversation, LanguageModel, Message, Turn, User
from chat.operations import rates
from chat.operations.accounts.api_keys import create_api_key
from chat.operations.conversations.fork import copy_path
from chat.operations.turns import claim, comparison
from chat.operations.turns.finish import TurnEnd, finish_turn
from chat.operations.turns.recovery import reap_turn
from chat.operations.turns.stop import stop_turn
from chat.presentation.wording import failure_text
from tests import factories
from tests.support.refusals import refusal
from tests.support.turns import retry_turn, start_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(model: LanguageModel) -> LanguageModel:
    return factories.language_model("claude-second", order=200)


@pytest.fixture
def third(model: LanguageModel) -> LanguageModel:
    return factories.language_model("claude-third", order=300)


def asked(author: User, *others: LanguageModel | Assistant, **fields: Any) -> Turn:
    """Start a turn whose message the others answer too."""
    choices = [
        {"assistant": str(one.pk)} if isinstance(one, Assistant) else {"model": str(one.pk)} for one in others
    ]
    fields = {"client_id": uuid.uuid4(), "text": "Which is better?", "compare_with": choices, **fields}
    return start_turn(author=author, **fields).turn


def ended(turn: Turn, status: str = "completed", **fields: Any) -> Turn:
    """End a turn in its row alone."""
    changes = {"status": status, "finished_at": timezone.now(), "owner": "", **fields}
    Turn.objects.filter(id=turn.id).update(**changes)
    turn.refresh_from_db()
    return turn


def begun(turn: Turn) -> Turn:
    """Begin the next answer, and return its turn as it is stored."""
    found = comparison.begin_next(turn.id)
    assert found is not None
    stored = Turn.objects.get(id=found.turn.id)
    assert found.turn.compare_with == stored.compare_with
    return stored


def test_each_answer_follows_the_one_before(
    insider: User, model: LanguageModel, second: LanguageModel, third: LanguageModel
) -> None:
    first = asked(insider, second, third)
    assert comparison.begin_next(first.id) is None  # it is being written
    assert accepted(first)["compare_with"] == [
        {"assistant": None, "model": str(second.id)},
        {"assistant": None, "model": str(third.id)},
    ]
    ended(first)
    assert comparison.due_turns() == [first.id]
    following = begun(first)
    assert (following.status, following.model, following.user_message) == (
        "queued",
        second,
        first.user_message,
    )
    assert (following.author, following.door, following.api_key) == (insider, "chat", None)
    assert [one["name"] for one in following.compare_with or []] == ["Claude-Third"]
    last = begun(ended(following))
    assert (last.model, last.compare_with, accepted(last)["compare_with"]) == (third, [], [])
    ended(last)
    # Nothing follows, and nothing is due any more.
    assert comparison.begin_next(last.id) is None
    assert comparison.due_turns() == []
    assert Turn.objects.count() == 3
    assert Message.objects.filter(role="user").count() == 1
    assert [one.next_due for one in Turn.objects.all()] == [False] * 3


def test_an_assistant_answers_with_its_own_model(
    insider: User, model: LanguageModel, second: LanguageModel
) -> None:
    judge = Assistant.objects.create(name="Judge", model=second)
    first = asked(insider, judge)
    assert first.compare_with == [{"assistant": str(judge.pk), "model": None, "name": "Judge"}]
    assert begun(ended(first)).model == second
    assert Conversation.objects.get().assistant == judge


def test_a_retry_begins_a_comparison_too(insider: User, model: LanguageModel, second: LanguageModel) -> None:
    turn = factories.turn(factories.conversation(insider), model=model)
    wanted = {"author": insider, "client_id": uuid.uuid4(), "turn_id": turn.id}
    retried = retry_turn(**wanted, compare_with=[{"model": second.model_id}]).turn
    assert [one["model"] for one in retried.compare_with] == [str(second.id)]
    assert begun(ended(retried)).user_message == turn.user_message


@pytest.mark.parametrize("status", ["completed", "refused", "failed", "interrupted"])
def test_the_next_one_answers_after_each_end_but_a_stop(
    insider: User, second: LanguageModel, status: str
) -> None:
    assert begun(ended(asked(insider, second), status)).model == second


def test_a_stop_ends_the_comparison(insider: User, second: LanguageModel) -> None:
    queued = asked(insider, second)
    assert stop_turn(user=insider, turn_id=queued.id).status == "stopped"
    assert (comparison.due_turns(), comparison.begin_next(queued.id)) == ([], None)


def test_a_stop_of_an_answer_that_was_whole_ends_the_comparison(insider: User, second: LanguageModel) -> None:
    turn = asked(insider, second)
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running is not None
    stop_turn(user=insider, turn_id=turn.id)
    assert finish_turn(
        running, TurnEnd("completed"), Batch(turn.id, 1, 1, factories.frames(turn)), answer=None, call=None
    )
    assert (comparison.due_turns(), comparison.begin_next(turn.id)) == ([], None)


def test_a_stop_between_two_answers_ends_the_comparison(insider: User, second: LanguageModel) -> None:
    turn = ended(asked(insider, second))
    assert stop_turn(user=insider, turn_id=turn.id).status == "completed"
    assert comparison.begin_next(turn.id) is None


def test_a_dead_process_leaves_a_turn_that_is_taken_up(insider: User, second: LanguageModel) -> None:
    turn = asked(insider, second)
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running is not None
    assert comparison.due_turns() == []
    turn.refresh_from_db()
    assert reap_turn(turn.id, (turn.fence, turn.heartbeat_at))
    assert comparison.due_turns() == [turn.id]
    assert begun(turn).model == second
    assert (comparison.due_turns(), comparison.begin_next(turn.id)) == ([], None)


def test_a_model_that_is_gone_is_named_and_the_next_answers(
    insider: User, model: LanguageModel, second: LanguageModel, third: LanguageModel
) -> None:
    first = asked(insider, second, third)
    second.delete()
    gone = begun(ended(first))
    assert (gone.status, gone.error_code, gone.model) == ("failed", "not_offered", None)
    assert failure_text(gone.error_code, gone.error_detail) == (
        "Claude-Second is no longer offered to you, so it was not asked."
    )
    answer = gone.messages.get()
    assert (answer.parent, answer.status, answer.content) == (first.user_message, "partial", [])
    assert answer.model_name == "Claude-Second"
    assert Conversation.objects.get().active_leaf == answer
    state = stored_state(gone.id)
    assert (state.status, state.seq, state.error) == (
        "failed",
        gone.last_seq,
        {"code": "not_offered", "message": failure_text("not_offered", "Claude-Second")},
    )
    # Nothing was asked, so the ledger has no row; the rest goes on.
    assert not gone.api_calls.exists()
    assert begun(gone).model == third


def test_an_assistant_of_other_people_is_not_asked(insider: User, model: LanguageModel) -> None:
    judge = Assistant.objects.create(name="Judge")
    first = asked(insider, judge)
    factories.restrict(judge)
    assert (begun(ended(first)).error_code, Conversation.objects.get().assistant) == ("not_offered", None)


def test_the_same_assistant_again_is_checked_again(insider: User, model: LanguageModel) -> None:
    judge = Assistant.objects.create(name="Judge")
    first = asked(insider, judge, assistant_id=judge.pk)
    factories.restrict(judge)
    assert begun(ended(first)).error_detail == "Judge"


def test_a_budget_that_is_used_up_is_the_answer(
    insider: User, second: LanguageModel, third: LanguageModel
) -> None:
    first = ended(asked(insider, second, third))
    Budget.objects.create(name="All", scope="workspace", period="day", hard_limit_usd=0)
    refused = begun(first)
    assert (refused.status, refused.error_code, refused.model) == ("failed", "budget", None)
    assert failure_text(refused.error_code, refused.error_detail).startswith(
        "The workspace’s budget for today is used"
    )
    assert begun(refused).error_code == "budget"


def test_an_unusable_connection_says_so_in_the_own_language(insider: User, model: LanguageModel) -> None:
    other = factories.language_model("claude-else", connection=factories.provider("Elsewhere"))
    first = ended(asked(insider, other))
    other.connection.credential = ""
    other.connection.save()
    User.objects.filter(id=insider.id).update(language="ko")
    refused = begun(first)
    assert refused.error_code == "connection_unusable"
    assert any("가" <= letter <= "힣" for letter in refused.error_detail)


def test_each_answer_counts_as_a_turn(
    insider: User, second: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ended(asked(insider, second))
    monkeypatch.setitem(settings.RATES_PER_MINUTE, "turns", 1)
    rates.count(rates.TURNS, insider.pk)
    refused = begun(first)
    assert refused.error_code == "too_many_requests"
    assert "within a minute" in failure_text(refused.error_code, refused.error_detail)


def other_message(turn: Turn) -> None:
    start_turn(
        author=turn.author, client_id=uuid.uuid4(), text="Never mind", conversation_id=turn.conversation_id
    )


def close_account(turn: Turn) -> None:
    User.objects.filter(id=turn.author_id).update(is_active=False)


def delete(turn: Turn) -> None:
    Conversation.objects.filter(id=turn.conversation_id).update(deleted_at=timezone.now())


@pytest.mark.parametrize("change", [other_message, close_account, delete])
def test_nothing_follows_where_the_person_went_on_or_is_gone(
    insider: User, second: LanguageModel, change: Callable[[Turn], None]
) -> None:
    turn = ended(asked(insider, second))
    change(turn)
    count = Turn.objects.count()
    assert comparison.begin_next(turn.id) is None
    assert (Turn.objects.count(), comparison.due_turns()) == (count, [])


@pytest.mark.parametrize(
    ("changes", "goes_on"),
    [
        ({}, True),
        ({"revoked_at": timezone.now()}, False),
        ({"expires_at": timezone.now() - dt.timedelta(seconds=1)}, False),
        ({"scopes": ["read"]}, False),
    ],
)
def test_a_key_has_to_be_valid_still(
    insider: User, second: LanguageModel, changes: dict[str, Any], goes_on: bool
) -> None:
    key, _secret = create_api_key(user=insider, name="bot", scopes=["chat"])
    turn = ended(asked(insider, second, door="api", api_key=key))
    ApiKey.objects.filter(id=key.id).update(**changes)
    found = comparison.begin_next(turn.id)
    assert (found is not None) == goes_on
    assert found is None or (found.turn.api_key, found.turn.door) == (key, "api")


def test_a_deleted_key_asks_nothing(insider: User, second: LanguageModel) -> None:
    key, _secret = create_api_key(user=insider, name="bot", scopes=["chat"])
    turn = ended(asked(insider, second, door="api", api_key=key))
    key.delete()
    assert comparison.begin_next(turn.id) is None


WORDS = "compare_with must be a list of at most two objects with “assistant” or “model”."


@pytest.mark.parametrize(
    "wanted",
    [
        "claude-second",
        5,
        {"model": "claude-second"},
        ["claude-second"],
        [{}],
        [{"model": None, "assistant": None}],
        [{"model": "claude-second"}] * 3,
    ],
)
def test_a_list_that_is_none_is_refused(insider: User, second: LanguageModel, wanted: Any) -> None:
    refused = refusal(start_turn, author=insider, client_id=uuid.uuid4(), text="Hi", compare_with=wanted)
    assert (refused.code, refused.status, refused.message) == ("invalid", 422, WORDS)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "wanted", [{"model": "claude-none"}, {"model": ["claude-second"]}, {"assistant": 5}, {"model": ""}]
)
def test_a_model_not_offered_is_refused_before_any_write(
    insider: User, second: LanguageModel, wanted: Any
) -> None:
    fields = {"author": insider, "client_id": uuid.uuid4(), "compare_with": [wanted]}
    assert refusal(start_turn, text="Hi", **fields).code == "not_found"
    assert not Message.objects.exists()
    turn = factories.turn(factories.conversation(insider))
    assert refusal(retry_turn, turn_id=turn.id, **fields).code == "not_found"
    assert Turn.objects.count() == 1


def test_a_copy_of_the_conversation_goes_on_with_nothing(insider: User, second: LanguageModel) -> None:
    turn = asked(insider, second)
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running is not None
    ended(turn)
    copy_path(source=turn.conversation, leaf_id=running.message.id, owner=insider)
    assert Turn.objects.filter(is_copy=True).count() == 1
    assert comparison.due_turns() == [turn.id]


@pytest.mark.django_db(transaction=True)
def test_many_processes_begin_the_next_answer_once(
    any_database: str, at_once: Callable[..., list[Any]]
) -> None:
    insider = factories.person()
    factories.language_model()
    second = factories.language_model("claude-second", order=200)
    turn = ended(asked(insider, second))
    found = at_once(lambda: comparison.begin_next(turn.id), 12)
    assert [one.turn.model for one in found if one is not None] == [second]
    assert Turn.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_stop_that_comes_first_wins(any_database: str) -> None:
    """PostgreSQL lets both read the list; the second one that changes the row has to see what the first one did."""
    insider = factories.person()
    factories.language_model()
    turn = ended(asked(insider, factories.language_model("claude-second", order=200)))
    found: list[Any] = []

    def begin() -> None:
        found.append(comparison.begin_next(turn.id))
        connections.close_all()

    thread = threading.Thread(target=begin)
    with transaction.atomic():
        stop_turn(user=insider, turn_id=turn.id)
        thread.start()
        thread.join(0.5)
    thread.join()
    assert found == [None]
    assert Turn.objects.count() == 1
