"""Who answers instead: staff's order of connections, and the chain behind a refusal."""

import pytest

from chat.models import Assistant, LanguageModel, ProviderConnection, Turn, User
from chat.operations.failover import after_refusal, chain, offered_after_refusal, same_model_elsewhere
from tests import factories

pytestmark = pytest.mark.django_db


def offer(
    connection: str, order: int = 100, *, model_id: str = "claude-test", **fields: str
) -> LanguageModel:
    at = factories.provider(connection, order=order)
    return factories.language_model(model_id, connection=at, prices={}, **fields)


def test_the_same_model_is_asked_in_staffs_order() -> None:
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
    assert same_model_elsewhere(first, {first.id}) == second
    assert same_model_elsewhere(first, {first.id, second.id}) == third
    tried = {first.id, second.id, third.id}
    assert same_model_elsewhere(third, tried) is None
    ProviderConnection.objects.filter(id=second.connection_id).update(kind="simulator")
    assert same_model_elsewhere(third, {first.id, third.id}) is None
    assert same_model_elsewhere(LanguageModel.objects.get(id=second.id), {first.id, third.id}) == second
    assert retired.canonical == "claude-test"


def refused(person: User, model: LanguageModel, assistant: Assistant | None = None) -> Turn:
    return factories.turn(factories.conversation(person, assistant=assistant), status="refused", model=model)


def test_the_chain_ends_where_it_began() -> None:
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


def test_who_follows_can_give_what_the_turn_needs(insider: User) -> None:
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
