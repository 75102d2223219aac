"""Many requests at the same moment, on both databases: one message, one turn, one title, one bill."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from chat.models import ApiCall, Conversation, Message, Turn
from chat.operations.billing import ledger
from chat.operations.conversations import titles
from chat.operations.errors import OperationError
from chat.operations.turns import claim
from chat.operations.turns.accept import _settle_race
from chat.operations.turns.recovery import reap_turn
from chat.operations.turns.turn_request import AcceptedTurn
from tests import factories
from tests.support.turns import retry_turn, start_turn

pytestmark = pytest.mark.usefixtures("any_database")
AtOnce = Callable[..., list[Any]]


def test_the_same_client_id_begins_one_conversation(at_once: AtOnce) -> None:
    author, client = factories.person(), uuid.uuid4()
    factories.language_model()
    started = at_once(lambda: start_turn(author=author, client_id=client, text="Once"))
    assert {one.turn.id for one in started} == {Turn.objects.get().id}
    assert [one.created for one in started].count(True) == 1
    assert (Conversation.objects.count(), Message.objects.count()) == (1, 1)


def test_the_same_client_id_in_one_conversation_is_never_busy(at_once: AtOnce) -> None:
    author, client = factories.person(), uuid.uuid4()
    factories.language_model()
    chat = factories.conversation(author, "Question", "Answer")
    started = at_once(
        lambda: start_turn(author=author, client_id=client, text="Once", conversation_id=chat.id)
    )
    assert {one.turn.id for one in started} == {Turn.objects.get().id}
    assert chat.messages.count() == 3


def test_one_of_many_tabs_starts_and_the_others_are_busy(at_once: AtOnce) -> None:
    author = factories.person()
    factories.language_model()
    chat = factories.conversation(author, "Question", "Answer")
    outcomes = at_once(
        lambda: start_turn(author=author, client_id=uuid.uuid4(), text="Mine", conversation_id=chat.id)
    )
    assert [type(one) for one in outcomes].count(AcceptedTurn) == 1
    assert {one.code for one in outcomes if isinstance(one, OperationError)} == {"busy"}
    assert len(outcomes) == 50
    assert chat.messages.count() == 3
    assert Turn.objects.active().count() == 1


def test_one_of_many_retries_starts(at_once: AtOnce) -> None:
    author = factories.person()
    turn = factories.turn(factories.conversation(author), status="failed")
    outcomes = at_once(lambda: retry_turn(author=author, client_id=uuid.uuid4(), turn_id=turn.id), 10)
    assert [type(one) for one in outcomes].count(AcceptedTurn) == 1
    assert {one.code for one in outcomes if isinstance(one, OperationError)} == {"busy"}


def test_one_of_many_engines_claims_a_turn(at_once: AtOnce) -> None:
    turn = factories.turn(factories.conversation(factories.person()), status="queued")
    claims = at_once(lambda: claim.claim_turn(turn.id, f"host:{uuid.uuid4()}"), 20)
    won = [claim for claim in claims if claim is not None]
    assert [claim.fence for claim in won] == [1]
    assert Message.objects.filter(role="assistant").count() == 1


def test_one_of_many_workers_names_a_conversation(at_once: AtOnce) -> None:
    chat = factories.conversation(factories.person())
    factories.turn(chat, answer="Hello!")
    jobs = at_once(lambda: titles.claim_title(str(chat.id)), 20)
    assert len([job for job in jobs if job is not None]) == 1


def test_one_of_many_reapers_ends_a_turn(at_once: AtOnce) -> None:
    turn = factories.turn(factories.conversation(factories.person()), status="running", answer="")
    factories.call(turn, status="open")
    lease = (turn.fence, turn.heartbeat_at)
    assert at_once(lambda: reap_turn(turn.id, lease), 10).count(True) == 1
    assert turn.events.count() == 1
    assert ApiCall.objects.settled().count() == 1


def test_a_call_is_settled_once(at_once: AtOnce) -> None:
    turn = factories.turn(factories.conversation(factories.person()), status="running", answer="")
    row = factories.call(turn, status="open")
    settlement = ledger.Settlement(status="succeeded", bill=ledger.free_bill())
    assert at_once(lambda: ledger.settle_call(row.pk, settlement), 20).count(True) == 1


def test_the_constraint_behind_the_lock_reads_as_busy() -> None:
    """Were the lock ever bypassed, the database itself would refuse; its words are understood on both."""
    turn = factories.turn(factories.conversation(factories.person()), status="queued")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        factories.turn(turn.conversation, status="running", parent=turn.user_message)
    with pytest.raises(OperationError) as told:
        _settle_race(turn.author, uuid.uuid4(), refused.value)
    assert (told.value.code, told.value.status) == ("busy", 409)
    assert _settle_race(turn.author, turn.client_id, refused.value).turn == turn


def test_any_other_broken_rule_is_not_called_busy() -> None:
    author = factories.person()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Message.objects.create(
            conversation=factories.conversation(author), role="assistant", depth=0, content=[]
        )
    with pytest.raises(IntegrityError):
        _settle_race(author, uuid.uuid4(), refused.value)
