"""The questions of `access.py`, asked for an insider, an outsider and a deactivated person."""

import uuid

import pytest
from django.contrib.auth.models import Group

from chat import access
from chat.models import Assistant, ProviderConnection
from tests import factories

pytestmark = pytest.mark.django_db


def test_own_rows_are_found_and_foreign_ones_are_not() -> None:
    insider, outsider = factories.person("insider"), factories.person("outsider")
    turn = factories.turn(factories.conversation(insider), answer="Very high.")
    things = [
        (access.find_conversation, turn.conversation),
        (access.find_turn, turn),
        (access.find_message, turn.user_message),
    ]
    for find, thing in things:
        assert find(insider, thing.id) == find(insider, str(thing.id)) == thing
        assert find(outsider, thing.id) is None
        assert find(insider, uuid.uuid4()) is None
    assert list(access.conversations(outsider)) == []
    insider.is_active = False
    assert [find(insider, thing.id) for find, thing in things] == [None, None, None]


def test_only_the_canonical_spelling_of_an_id_is_valid() -> None:
    own = uuid.uuid4()
    assert access.as_id(str(own)) == access.as_id(own) == own
    for variant in (
        str(own).upper().replace("-", ""),
        f"{{{own}}}",
        f"urn:uuid:{own}",
        own.hex,
        "",
        None,
        7,
        [],
    ):
        assert access.as_id(variant) == access.NO_ROW


def test_usable_models_are_offered_best_first() -> None:
    user = factories.person()
    second = factories.language_model("claude-b", order=2)
    first = factories.language_model("claude-a", order=1)
    factories.language_model("claude-off", enabled=False)
    factories.language_model("claude-retired", lifecycle="retired")
    preferred = factories.language_model("claude-c", connection=factories.provider("Preferred", order=1))
    assert list(access.models(user)) == [preferred, first, second]
    ProviderConnection.objects.filter(name="Preferred").update(enabled=False)
    assert list(access.models(user)) == [first, second]
    user.is_active = False
    assert list(access.models(user)) == []


def test_assistants_belong_to_their_audience() -> None:
    insider, outsider = factories.person("insider"), factories.person("outsider")
    team, others = (Group.objects.create(name=name) for name in ("Team", "Others"))
    insider.groups.add(team, others)
    everybodys = Assistant.objects.create(name="Everybody's", order=1)
    teams = Assistant.objects.create(name="The team's", order=2)
    factories.restrict(teams, team, others)
    Assistant.objects.create(name="Off", enabled=False)
    assert list(access.assistants(insider)) == [everybodys, teams]
    assert list(access.assistants(outsider)) == [everybodys]
    insider.is_active = False
    assert list(access.assistants(insider)) == []
