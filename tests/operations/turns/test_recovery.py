"""Turns whose owner died: they end visibly, with their text kept and their call settled."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from chat.events import payloads
from chat.events.payloads import Event
from chat.events.store import Batch, append_batches, stored_frames, stored_state
from chat.models import ApiCall, Budget, BudgetHold, LanguageModel, Turn, User
from chat.operations.billing import budgets
from chat.operations.billing.payer import Payer
from chat.operations.turns.recovery import LeaseWatch, reap_turn, release_stale_holds, settle_abandoned
from tests import factories

pytestmark = pytest.mark.django_db
USAGE = {"input_tokens": 1000, "output_tokens": 1}


def tell(turn: Turn, *told: Event) -> None:
    """Store events as the turn's owner would."""
    first = (turn.events.count() and turn.events.latest("last_seq").last_seq) + 1
    frames = [
        payloads.encode(event, turn=str(turn.id), seq=seq) for seq, event in enumerate(told, start=first)
    ]
    assert not append_batches(turn.owner, [Batch(turn.id, turn.fence, first, frames)])


def answer_so_far(turn: Turn, *, message: Any = None, text: str = "It is ") -> list[Event]:
    name = str(message or turn.messages.get().id)
    return [
        payloads.usage(usage=USAGE, cost_usd="0.003", certainty="estimated"),
        payloads.block_start(
            message=name, index=0, block={"type": "thinking", "thinking": "", "signature": ""}
        ),
        payloads.block_delta(index=0, key="thinking", value="Let me see"),
        payloads.block_stop(index=0),
        payloads.block_start(message=name, index=1, block={"type": "text", "text": ""}),
        payloads.block_delta(index=1, key="text", value=text),
        payloads.block_delta(index=1, key="text", value="very high, "),
    ]


def lease(turn: Turn) -> tuple[int, dt.datetime | None]:
    return turn.fence, turn.heartbeat_at


def test_all_durable_text_is_kept(turn: Turn) -> None:
    message = turn.messages.get()
    tell(turn, payloads.turn_started(model="m", assistant_message=str(message.id)), *answer_so_far(turn))
    tell(turn, payloads.block_delta(index=1, key="citation", value={"cited_text": "high"}))
    tell(turn, payloads.block_start(message=str(message.id), index=2, block={"type": "tool_use", "id": "t"}))
    assert reap_turn(turn.id, lease(turn))
    turn.refresh_from_db()
    message.refresh_from_db()
    assert (turn.status, turn.error_code, turn.owner, turn.fence) == ("interrupted", "restarted", "", 2)
    assert (turn.recovered_seq, turn.last_seq) == (10, 11)
    assert turn.finished_at
    kept = {"type": "text", "text": "It is very high, ", "citations": [{"cited_text": "high"}]}
    assert (message.content, message.text, message.status) == ([kept], "It is very high, ", "partial")
    state = stored_state(turn.id)
    assert (state.seq, state.status, state.error) == (
        11,
        "interrupted",
        {"code": "restarted", "message": "Parley was restarted while this answer was being written."},
    )


def test_turn_without_events_keeps_an_empty_partial_answer(turn: Turn) -> None:
    assert reap_turn(turn.id, lease(turn))
    message = turn.messages.get()
    assert (message.content, message.status) == ([], "partial")
    turn.refresh_from_db()
    assert (turn.recovered_seq, turn.last_seq) == (0, 1)


def test_turn_without_an_answer_row_is_ended(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="running")
    factories.call(turn, status="open")
    assert reap_turn(turn.id, lease(turn))
    assert b'"message":null' in stored_frames(turn.id)[-1].data
    assert ApiCall.objects.get().certainty == "unknown"


def test_the_prompt_is_exact_and_the_output_estimated(turn: Turn) -> None:
    call = factories.call(turn, status="open")
    tell(turn, *answer_so_far(turn, text="x" * 300))
    assert reap_turn(turn.id, lease(turn))
    call.refresh_from_db()
    assert (call.status, call.certainty, call.error_code) == ("cut", "estimated", "restarted")
    assert (call.usage, call.input_tokens) == (USAGE, 1000)
    received = len("Let me see" + "x" * 300 + "very high, ")
    assert call.output_tokens == -(-received // 3)
    assert call.finished_at
    assert call.cost_usd > 0


def test_the_usage_of_an_earlier_call_is_not_billed_again(turn: Turn) -> None:
    """After a paused call the next one dies before its first block: its usage is unknown."""
    tell(turn, *answer_so_far(turn))
    first = turn.messages.get()
    first.status = "complete"
    first.save()
    next_message = factories.message(
        turn.conversation, first, "", role="assistant", status="streaming", turn=turn
    )
    call = factories.call(turn, status="open")
    assert reap_turn(turn.id, lease(turn))
    call.refresh_from_db()
    next_message.refresh_from_db()
    assert (call.certainty, call.cost_usd, call.usage) == ("unknown", 0, None)
    assert next_message.content == []


def test_deleted_model_leaves_the_cost_unknown(turn: Turn) -> None:
    call = factories.call(turn, status="open")
    tell(turn, *answer_so_far(turn))
    LanguageModel.objects.all().delete()
    assert reap_turn(turn.id, lease(turn))
    call.refresh_from_db()
    assert (call.certainty, call.cost_usd, call.input_tokens) == ("unknown", 0, 1000)


def test_returned_owner_keeps_its_turn(turn: Turn) -> None:
    seen = lease(turn)
    Turn.objects.filter(id=turn.id).update(heartbeat_at=timezone.now())
    assert not reap_turn(turn.id, seen)
    turn.refresh_from_db()
    assert turn.status == "running"


def test_a_late_owner_changes_nothing(turn: Turn) -> None:
    assert reap_turn(turn.id, lease(turn))
    assert append_batches(turn.owner, [Batch(turn.id, turn.fence, 2, factories.frames(turn, first=2))]) == {
        turn.id
    }
    assert turn.events.count() == 1


def test_a_lease_expires_by_the_observers_own_clock(insider: User) -> None:
    beating, silent = (
        factories.turn(factories.conversation(insider), status="running", answer="") for _ in range(2)
    )
    now = 1000.0
    watch = LeaseWatch(lease_seconds=15, clock=lambda: now)
    assert watch.reap() == []
    now += 14
    Turn.objects.filter(id=beating.id).update(heartbeat_at=timezone.now())
    assert watch.reap() == []
    now += 1
    assert watch.reap() == [silent.id]
    # Wall clocks may jump: a heartbeat that moved, even backwards, is a sign of life.
    Turn.objects.filter(id=beating.id).update(heartbeat_at=timezone.now() - dt.timedelta(days=1))
    now += 14
    assert watch.reap() == []
    assert list(watch.seen) == [beating.id]
    now += 16
    assert watch.reap(alive=[beating.id]) == []
    assert watch.reap() == [beating.id]


def old(call: ApiCall) -> ApiCall:
    ApiCall.objects.filter(id=call.pk).update(started_at=timezone.now() - dt.timedelta(minutes=16))
    BudgetHold.objects.update(created_at=timezone.now() - dt.timedelta(minutes=16))
    return call


def held_call(model: LanguageModel, key: str = "title:1") -> ApiCall:
    call_id = factories.open_row(model, worst="0.5", key=key)
    return ApiCall.objects.get(id=call_id)


def test_reaped_turn_holds_only_uncounted_calls(turn: Turn) -> None:
    budget = Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    call = factories.call(turn, status="open")
    with transaction.atomic():
        budgets.lock(Payer()).hold(call.pk, Decimal("0.5"))
    tell(turn, *answer_so_far(turn))
    assert reap_turn(turn.id, lease(turn))
    call.refresh_from_db()
    period = budget.periods.get()
    assert (period.spent_usd, period.held_usd) == (call.cost_usd, Decimal("0.5") - call.cost_usd)
    assert release_stale_holds() == 0
    old(call)
    ApiCall.objects.filter(id=call.pk).update(finished_at=timezone.now() - dt.timedelta(hours=1))
    assert release_stale_holds() == 1
    period.refresh_from_db()
    assert (period.spent_usd, period.held_usd) == (call.cost_usd, 0)


def test_dead_jobs_call_costs_its_hold(model: LanguageModel) -> None:
    budget = Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    call = held_call(model)
    assert settle_abandoned() == []
    old(call)
    assert settle_abandoned() == ["title:1"]
    assert settle_abandoned() == []
    call.refresh_from_db()
    assert (call.status, call.certainty, call.error_code) == ("cut", "unknown", "restarted")
    period = budget.periods.get()
    assert (period.spent_usd, period.held_usd) == (Decimal("0.5"), 0)


def test_a_hold_without_a_call_is_freed(model: LanguageModel) -> None:
    budget = Budget.objects.create(name="All", scope="workspace", hard_limit_usd=1)
    open_still = old(held_call(model))
    gone = old(held_call(model, "title:2"))
    ApiCall.objects.filter(id=gone.pk).delete()
    assert release_stale_holds() == 1
    assert budget.periods.get().held_usd == Decimal("0.5")
    assert open_still.holds.get().released_at is None


def test_tools_of_a_dead_owner_are_ended_and_never_run_again(turn: Turn) -> None:
    message = turn.messages.get()
    message.status = "complete"
    message.save()
    done, ran, ready = (factories.tool_call(turn, status) for status in ("done", "running", "ready"))
    tell(
        turn,
        payloads.turn_started(model="m", assistant_message=str(message.id)),
        payloads.tool_finished(tool_call=str(done.id), status="done", is_error=False, seconds=1, result=[]),
        payloads.tool_started(tool_call=str(ran.id)),
    )
    assert reap_turn(turn.id, lease(turn))
    state = stored_state(turn.id)
    assert [state.tools[str(call.id)]["status"] for call in (done, ran, ready)] == [
        "done",
        "failed",
        "stopped",
    ]
    assert (state.status, state.seq) == ("interrupted", 6)
    turn.refresh_from_db()
    assert (turn.recovered_seq, turn.last_seq) == (3, 6)
    results = turn.messages.get(kind="results")
    assert [block.get("is_error", False) for block in results.content] == [False, True, True]


def test_waiting_turn_is_not_reaped(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="waiting", answer="Let me see.")
    now = 0.0
    watch = LeaseWatch(lease_seconds=1, clock=lambda: now)
    assert watch.reap() == []
    now = 1000.0
    assert watch.reap() == []
    turn.refresh_from_db()
    assert turn.status == "waiting"
