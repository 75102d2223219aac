"""Failover in the order of connections, and the fallback model after a refusal."""

from typing import Any

import pytest

from chat.models import Assistant, LanguageModel, ProviderConnection, Turn, User
from chat.operations.turns.failover import after_refusal, chain, offered_after_refusal, same_model_elsewhere
from tests import factories

pytestmark = pytest.mark.django_db


def offer(
    connection: str, order: int = 100, *, model_id: str = "claude-test", **fields: Any
) -> LanguageModel:
    at = factories.provider(connection, order=order)
    return factories.language_model(model_id, connection=at, prices={}, **fields)


def test_same_model_is_tried_in_the_order_of_connections(insider: User) -> None:
    first = offer("First", 1)
    third = offer("Third", 3, model_id="anthropic.claude-test", canonical_id="claude-test")
    second = offer("Second", 2)
    offer("Another", 1, model_id="claude-other")
    retired = offer("Retired", 1, lifecycle="retired")
    off, unset = offer("Off", 1), offer("Unset", 1)
    off.connection.enabled = False
    off.connection.save()
    unset.connection.credential = ""
    unset.connection.save()
    from_first, from_third = asked(insider, first), asked(insider, third)
    assert same_model_elsewhere(from_first, {first.id}) == second
    assert same_model_elsewhere(from_first, {first.id, second.id}) == third
    assert same_model_elsewhere(from_third, {first.id, second.id, third.id}) is None
    ProviderConnection.objects.filter(id=second.connection_id).update(kind="simulator")
    assert same_model_elsewhere(from_third, {first.id, third.id}) is None
    from_second = asked(insider, LanguageModel.objects.get(id=second.id))
    assert same_model_elsewhere(from_second, {first.id, third.id}) == second
    Turn.objects.filter(id=from_first.id).update(model=None)
    assert same_model_elsewhere(Turn.objects.get(id=from_first.id), ()) is None
    assert retired.canonical == "claude-test"


def asked(person: User, model: LanguageModel, text: str = "Hello?") -> Turn:
    return factories.turn(factories.conversation(person), status="running", model=model, text=text)


def test_connection_without_a_needed_feature_is_skipped(insider: User) -> None:
    first = offer("First", 1, capabilities={"structured_outputs": {"supported": True}})
    offer("Small", 2, max_input_tokens=1_000, default_max_tokens=500)
    plain = offer("Plain", 3)
    turn = asked(insider, first, "word " * 500)
    assert same_model_elsewhere(turn, {first.id}) == plain
    turn.output_schema = {"type": "object", "properties": {}}
    assert same_model_elsewhere(turn, {first.id}) is None


def refused(person: User, model: LanguageModel, assistant: Assistant | None = None) -> Turn:
    return factories.turn(factories.conversation(person, assistant=assistant), status="refused", model=model)


def test_failover_ends_after_all_connections() -> None:
    a, b, c = (factories.language_model(name) for name in ("a", "b", "c"))
    a.fallback, b.fallback, c.fallback = b, c, a
    for model in (a, b, c):
        model.save()
    assert list(chain(a)) == [b, c]
    assert list(chain(factories.language_model("d"))) == []


def test_the_next_usable_model_is_offered_or_followed(insider: User) -> None:
    last = factories.language_model("last")
    away = factories.language_model("away", enabled=False, fallback=last)
    first = factories.language_model("first", fallback=away)
    follows = Assistant.objects.create(name="Follows", after_refusal="follow")
    turn = refused(insider, first, follows)
    assert offered_after_refusal(turn) == after_refusal(turn, ()) == last
    assert after_refusal(turn, {last.id}) is None
    assert after_refusal(refused(insider, first, Assistant.objects.create(name="Offers")), ()) is None
    alone = refused(insider, first)
    assert after_refusal(alone, ()) is None
    assert offered_after_refusal(alone) == last
    Turn.objects.filter(id=alone.id).update(model=None)
    assert offered_after_refusal(Turn.objects.get(id=alone.id)) is None


def test_fallback_model_supports_what_the_turn_needs(insider: User) -> None:
    last = factories.language_model("last", max_input_tokens=2_000, default_max_tokens=500)
    able = factories.language_model(
        "able",
        max_input_tokens=1_000,
        fallback=last,
        capabilities={"structured_outputs": {"supported": True}},
    )
    turn = refused(insider, factories.language_model("first", fallback=able))

    def offered(schema: object, words: int) -> LanguageModel | None:
        Turn.objects.filter(id=turn.id).update(output_schema=schema)
        turn.user_message.content = [{"type": "text", "text": "word " * words}]
        turn.user_message.save()
        return offered_after_refusal(Turn.objects.get(id=turn.id))

    assert offered(None, 1) == able
    assert offered({"type": "object", "properties": {}}, 1) == able
    assert offered(None, 500) == last  # 833 tokens leave no room for an answer in a context of 1,000
    assert offered({"type": "object", "properties": {}}, 500) is None
    assert offered(None, 2_000) is None
