"""Claims, leases, and turns that wait for a person."""

import time
import uuid

import pytest
from django.utils import timezone

from chat.events.store import Batch, stored_frames
from chat.models import LanguageModel, Message, ToolCall, Turn, User
from chat.operations.billing.budgets import ADMITTED_SECONDS, Admitted
from chat.operations.running_turn import LeaseLost
from chat.operations.turns import claim
from tests import factories
from tests.support.turns import start_turn

pytestmark = pytest.mark.django_db


def test_claim_takes_a_queued_turn_once(insider: User, model: LanguageModel) -> None:
    turn = factories.turn(factories.conversation(insider, "Old", "Answer"), status="queued")
    running = claim.claim_turn(turn.id, "host:1:aa")
    assert running
    assert claim.claim_turn(turn.id, "host:2:bb") is None
    assert (running.turn.status, running.turn.owner, running.fence) == ("running", "host:1:aa", 1)
    assert running.turn.started_at
    assert (running.message.parent, running.message.status, running.message.model_name) == (
        turn.user_message,
        "streaming",
        "claude-test",
    )
    assert (running.model, running.connection, len(running.prices)) == (model, model.connection, 1)
    turn.conversation.refresh_from_db()
    assert turn.conversation.active_leaf == running.message


def test_turn_with_a_deleted_model_ends_at_once(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="queued")
    LanguageModel.objects.all().delete()
    assert claim.claim_turn(turn.id, "host:1:aa") is None
    turn.refresh_from_db()
    assert (turn.status, turn.error_code, turn.last_seq) == ("failed", "no_model", 1)
    assert b'"error":{"code":"no_model","message":"No model is available.' in stored_frames(turn.id)[0].data
    assert not Message.objects.filter(role="assistant").exists()


def test_an_accepted_turn_is_claimed_once(insider: User, model: LanguageModel) -> None:
    accepted = start_turn(author=insider, client_id=uuid.uuid4(), text="Hello?")
    running = claim.claim_turn(accepted.turn.id, "host:1:aa", accepted)
    assert running
    assert (running.turn.status, running.fence, accepted.turn.status) == ("running", 1, "queued")
    assert running.turn.started_at == running.turn.heartbeat_at
    assert (running.path(), running.admitted) == (accepted.path, accepted.admitted)
    assert not running.may_await_summary
    assert claim.claim_turn(accepted.turn.id, "host:1:aa", accepted) is None
    # Another process had it meanwhile and it waits for an engine again: its rows are read by the next look.
    Turn.objects.update(status="queued", owner="", heartbeat_at=None)
    assert claim.claim_turn(accepted.turn.id, "host:1:aa", accepted) is None
    again = claim.claim_turn(accepted.turn.id, "host:1:aa")
    assert again
    assert (again.fence, again.message) == (2, running.message)
    assert again.may_await_summary, "its path is not read yet"


def test_a_summary_that_was_awaited_is_read(insider: User, model: LanguageModel) -> None:
    accepted = start_turn(author=insider, client_id=uuid.uuid4(), text="Hello?")
    above = factories.message(accepted.turn.conversation, None, "One")
    summary = Message.objects.append(after=above, role="user", kind="summary", content=[])
    question = Message.objects.append(after=summary, role="user", content=[])
    running = claim.claim_turn(accepted.turn.id, "host:1:aa", accepted)
    assert running
    running.message.parent = question
    assert running.path().awaits_summary
    assert running.may_await_summary
    Message.objects.filter(id=summary.id).update(content=[{"type": "text", "text": "Short."}])
    assert running.path().sent.messages == (summary, question)
    assert not running.may_await_summary


def test_admitted_budgets_are_current_for_seconds() -> None:
    assert Admitted([]).current() == []
    assert Admitted([], at=time.monotonic() - ADMITTED_SECONDS).current() is None


def test_queued_turns_are_ordered_by_age(insider: User) -> None:
    turns = [factories.turn(factories.conversation(insider), status="queued") for _ in range(3)]
    factories.turn(factories.conversation(insider), status="running")
    assert claim.queued_turns(2) == [turns[0].id, turns[1].id]


def test_beat_renews_leases_and_returns_stops(insider: User) -> None:
    held, asked, lost = (
        factories.turn(factories.conversation(insider), status="running", answer="") for _ in range(3)
    )
    Turn.objects.filter(id=asked.id).update(stop_requested_at=timezone.now())
    Turn.objects.filter(id=lost.id).update(owner="host:2:bb")
    assert claim.renew_leases("host:1:aa", [held.id, asked.id, lost.id]) == {held.id: False, asked.id: True}
    assert Turn.objects.get(id=held.id).heartbeat_at > held.heartbeat_at
    assert claim.stop_requests("host:1:aa") == [asked.id]


def test_turn_is_parked_only_if_just_decisions_are_pending(turn: Turn) -> None:
    running, batch = factories.running(turn), Batch(turn.id, 1, 1, factories.frames(turn))
    call = factories.tool_call(turn, "waiting")
    factories.tool_call(turn, "done")
    ToolCall.objects.filter(id=call.id).update(status="ready")
    assert not claim.park_turn(running, batch)
    ToolCall.objects.filter(id=call.id).update(status="waiting")
    Turn.objects.filter(id=turn.id).update(stop_requested_at=timezone.now())
    assert not claim.park_turn(running, batch)
    Turn.objects.filter(id=turn.id).update(stop_requested_at=None)
    turn.owner = "host:2:bb"
    with pytest.raises(LeaseLost):
        claim.park_turn(running, batch)
    turn.owner = "host:1:aa"
    assert not turn.events.exists()
    assert claim.park_turn(running, batch)
    turn.refresh_from_db()
    assert (turn.status, turn.owner, turn.heartbeat_at, turn.last_seq) == ("waiting", "", None, 1)


def test_waiting_turn_is_claimed_with_its_last_answer(turn: Turn) -> None:
    began = timezone.now()
    Turn.objects.filter(id=turn.id).update(status="queued", owner="", last_seq=7, started_at=began)
    running = claim.claim_turn(turn.id, "host:2:bb")
    assert running
    assert (running.resumed, running.calls, running.message) == (True, 1, turn.messages.get())
    assert (running.fence, running.turn.last_seq, running.turn.started_at) == (2, 7, began)


def test_unknown_turns_are_not_claimed() -> None:
    assert claim.claim_turn(uuid.uuid4(), "host:1:aa") is None
