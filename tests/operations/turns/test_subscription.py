"""Where a viewer begins to read, and which conversation makes room for a new turn."""

import uuid
from typing import Any

import pytest

from chat.events.payloads import encode, notice
from chat.events.store import Batch
from chat.models import Turn, User
from chat.operations.turns.subscription import (
    Resumption,
    Subscription,
    conversation_to_leave,
    resumption,
    subscribe,
)
from chat.operations.turns.turn_request import TurnRequest
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


def ended(owner: User, frames: int = 2) -> Turn:
    turn = factories.turn(factories.conversation(owner), answer="Yes.", last_seq=frames)
    told = [encode(notice("waiting"), turn=str(turn.id), seq=seq) for seq in range(1, frames + 1)]
    Batch(turn.id, 1, 1, told).store()
    return turn


def request(author: User, **fields: Any) -> TurnRequest:
    return TurnRequest(author=author, **{"client_id": str(uuid.uuid4()), **fields})


def test_resumption(insider: User) -> None:
    turn = ended(insider)
    assert resumption(turn, 1) == Resumption.FOLLOW
    assert resumption(turn, 2) == Resumption.COMPLETE
    assert resumption(turn, 3) == Resumption.REFRESH
    turn.events.all().delete()
    assert resumption(turn, 1) == Resumption.REFRESH


def test_subscribing_to_a_turn(insider: User) -> None:
    turn = ended(insider)
    place = {"conversation_id": turn.conversation_id, "turn_id": turn.id}
    assert subscribe(insider, **place, after=1) == Subscription(turn.conversation_id, turn.id, 1)
    assert subscribe(insider, **place, after=2) == Subscription(turn.conversation_id)
    assert subscribe(insider, **place, after=3).refresh
    later = factories.turn(turn.conversation, status="running", answer="", parent=turn.user_message)
    assert subscribe(insider, **place, after=2).turn_id == later.id
    assert subscribe(insider, **place).later_id == later.id
    assert subscribe(insider, conversation_id=turn.conversation_id).turn_id == later.id


def test_refused_subscriptions(insider: User, outsider: User) -> None:
    turn, other = ended(insider), ended(insider)
    for after in (-1, "1", True, 2**31):
        assert (
            refusal_code(subscribe, insider, conversation_id=turn.conversation_id, after=after) == "invalid"
        )
    place = {"conversation_id": turn.conversation_id}
    assert refusal_code(subscribe, insider, **place, turn_id=other.id) == "not_found"
    assert refusal_code(subscribe, insider, **place, turn_id=uuid.uuid4()) == "not_found"
    assert refusal_code(subscribe, outsider, **place) == "not_found"


def test_the_longest_watched_idle_conversation_is_left(insider: User) -> None:
    busy = factories.turn(factories.conversation(insider), status="waiting")
    idle = ended(insider)
    watched = [busy.conversation_id, idle.conversation_id]
    assert conversation_to_leave(request(insider), watched) == idle.conversation_id
    assert refusal_code(conversation_to_leave, request(insider), watched[:1]) == "invalid"


def test_a_watched_conversation_needs_no_room(insider: User) -> None:
    turn = ended(insider)
    watched = [turn.conversation_id]
    for fields in (
        {"conversation_id": str(turn.conversation_id)},
        {"turn_id": str(turn.id)},
        {"client_id": str(turn.client_id)},
    ):
        assert conversation_to_leave(request(insider, **fields), watched) is None
