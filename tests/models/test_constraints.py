"""Invalid rows are impossible: each constraint refuses its case, on both databases."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from chat.models import ApiCall, Conversation, Message, ModelPrice, ProviderConnection, Turn, TurnEvent, User
from chat.models.fields import ExactJSONField, uuid7
from tests import factories

now = timezone.now


def _turn(**fields: Any) -> Turn:
    return factories.turn(factories.conversation(factories.person()), **fields)


def _message(**fields: Any) -> Message:
    return Message.objects.create(conversation=factories.conversation(factories.person()), **fields)


def _own_parent() -> None:
    name = uuid7()
    parent = Message(pk=name)
    _message(pk=name, role="user", parent=parent, depth=1)


def _second_active() -> None:
    first = _turn(status="queued")
    factories.turn(first.conversation, status="running", answer="")


def _second_client_id() -> None:
    _turn(client_id=_turn().client_id)


def _second_price() -> None:
    price = ModelPrice.objects.get(model=factories.language_model())
    ModelPrice.objects.create(model=price.model, valid_from=price.valid_from)


def _settled(**fields: Any) -> ApiCall:
    return factories.call(_turn(answer="Yes"), **fields)


def _events(**fields: Any) -> TurnEvent:
    return TurnEvent.objects.create(turn=_turn(), frames="[]", **fields)


def _events_twice() -> None:
    turn = _turn()
    for last in (2, 3):
        TurnEvent.objects.create(turn=turn, first_seq=1, last_seq=last, frames="[]")


REFUSED: dict[str, Callable[[], object]] = {
    "message_not_its_own_parent": _own_parent,
    "message_root_is_user: answer": lambda: _message(role="assistant"),
    "message_root_is_user: depth": lambda: _message(role="user", depth=1),
    "message_only_assistant_unfinished": lambda: _message(role="user", status="partial"),
    "turn_one_active_per_conversation": _second_active,
    "turn_client_id_once": _second_client_id,
    "turn_running_has_owner": lambda: _turn(status="running", owner=""),
    "turn_running_has_owner: beat": lambda: _turn(status="running", heartbeat_at=None),
    "turn_finished_has_end": lambda: _turn(status="failed", finished_at=None),
    "turn_finished_has_end: too early": lambda: _turn(status="queued", finished_at=now()),
    "turn_finished_has_end: unknown": lambda: Turn.objects.filter(id=_turn().id).update(status="odd"),
    "events_in_order": lambda: _events(first_seq=2, last_seq=1),
    "events_in_order: zero": lambda: _events(first_seq=0, last_seq=1),
    "events_once": _events_twice,
    "call_cost_not_negative": lambda: _settled(cost_usd=-1),
    "call_settled_has_end": lambda: _settled(finished_at=None),
    "call_settled_has_end: open": lambda: _settled(status="open", finished_at=now()),
    "call key": lambda: [_settled(key="same") for _ in range(2)],
    "price_not_negative": lambda: ModelPrice.objects.create(
        model=factories.language_model(), valid_from=now(), read=-1
    ),
    "price_once_per_day_and_tier": _second_price,
    "connection_one_credential_source": lambda: factories.provider("Two", credential_env="NAME"),
    "connection_needs_address": lambda: factories.provider("None", base_url=""),
    "model_default_within_limit": lambda: factories.language_model(default_max_tokens=10_000_000),
    "model_once_per_connection": lambda: factories.language_model().connection.language_models.create(
        model_id="claude-test", display_name="Again"
    ),
    "user_email_case_insensitive": lambda: [
        User.objects.create_user(f"{name}@example.test") for name in ("person", "Person")
    ],
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.django_db
def test_constraints_refuse_invalid_rows(case: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        REFUSED[case]()


def test_deferred_constraints_refuse_on_every_database(any_database: str) -> None:
    for case, attempt in REFUSED.items():
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            attempt()
        # SQLite names columns instead of unique constraints.
        named = case.partition(":")[0]
        assert any_database == "sqlite" or named in str(refused.value) or named == "call key"


@pytest.mark.django_db
def test_finished_turn_makes_room_for_the_next() -> None:
    chat = factories.conversation(factories.person())
    for status in ("completed", "stopped", "interrupted", "failed", "refused", "running"):
        factories.turn(chat, status=status, parent=chat.active_leaf)
    assert chat.turns.count() == 6
    assert Turn.objects.active().count() == 1
    assert [turn.finished for turn in chat.turns.order_by("id")] == [True] * 5 + [False]


@pytest.mark.django_db
def test_exact_json_keeps_order_numbers_and_characters() -> None:
    content = [{"type": "text", "text": "ü\u2028👩‍👩‍👧"}, {"b": 1, "a": [1.0, 10**20, None, True], "": {}}]
    kept = _message(role="user", content=content)
    kept.refresh_from_db()
    assert kept.content == content
    assert list(kept.content[1]) == ["b", "a", ""]
    field = ExactJSONField()
    assert field.to_python('{"b":1,"a":2}') == {"b": 1, "a": 2}
    with pytest.raises(ValidationError):
        field.to_python("{")


@pytest.mark.django_db
def test_current_prices_are_the_newest_that_have_begun() -> None:
    model = factories.language_model(prices={})
    for days, price in ((-2, 1), (-1, 2), (1, 3)):
        ModelPrice.objects.create(model=model, valid_from=now() + dt.timedelta(days=days), input=price)
    tier = ModelPrice.objects.create(model=model, valid_from=now(), above_prompt_tokens=100_000, input=9)
    assert sorted(row.input for row in model.price_rows()) == [2, 9]
    with pytest.raises(ValidationError):
        tier.clean()


@pytest.mark.django_db
def test_connection_has_a_problem_text_if_unusable(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, named, empty, off = (
        factories.provider("Stored"),
        factories.provider("Named", credential="", credential_env="A_KEY_OF_THE_TESTS"),
        factories.provider("Empty", credential=""),
        factories.provider("Off", enabled=False),
    )
    assert (stored.problem(), stored.secret()) == ("", "sk-upstream-secret")
    assert "A_KEY_OF_THE_TESTS" in named.problem()
    monkeypatch.setenv("A_KEY_OF_THE_TESTS", " sk-from-outside \n")
    assert (named.problem(), named.secret()) == ("", "sk-from-outside")
    assert empty.problem()
    assert off.problem()
    assert list(ProviderConnection.objects.usable().filter(name="Off")) == []


@pytest.mark.django_db
def test_conversations_are_ordered_pinned_then_newest() -> None:
    owner = factories.person()
    old, pinned, new = (factories.conversation(owner, pinned=pin) for pin in (False, True, False))
    found = Conversation.objects.of(owner).newest_first()
    assert [chat.id for chat in found] == [pinned.id, new.id, old.id]


def test_identifiers_sort_by_time() -> None:
    made = [uuid7() for _ in range(2)]
    assert {identifier.version for identifier in made} == {7}
    assert {identifier.variant for identifier in made} == {uuid.RFC_4122}
    assert made[0].int >> 80 <= made[1].int >> 80
