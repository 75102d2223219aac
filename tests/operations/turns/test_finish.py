"""How calls, rounds of tools and turns end, only while the lease holds."""

import orjson
import pytest
from django.utils import timezone

from chat.events.store import Batch, stored_frames
from chat.models import ApiCall, ToolCall, Turn, User
from chat.operations.billing import ledger
from chat.operations.turns import claim, finish, open_call
from chat.operations.turns.finish import AnswerContent, TurnEnd
from tests import factories

pytestmark = pytest.mark.django_db
SETTLED = ledger.Settlement(status="succeeded", bill=ledger.free_bill())
REQUEST = {"max_tokens": 100, "messages": [{"role": "user", "content": "How high?"}]}
TEXT = [{"type": "text", "text": "Very high."}]


def test_turn_with_a_newer_fence_is_not_ended(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="queued")
    claim.claim_turn(turn.id, "host:1:aa")
    assert not finish.end_unowned(turn, TurnEnd("stopped"))
    assert not turn.events.exists()


@pytest.mark.parametrize("answer", [AnswerContent(TEXT, stop_reason="pause_turn"), None])
def test_a_paused_call_keeps_its_message_and_opens_the_next(turn: Turn, answer: AnswerContent | None) -> None:
    running = factories.running(turn)
    first, call_id = running.message, open_call.open_call(running, REQUEST, call=1, attempt=1).call_id
    batch = Batch(turn.id, 1, 1, factories.frames(turn))
    assert finish.end_call(running, batch, answer=answer, call=(call_id, SETTLED))
    first.refresh_from_db()
    assert (first.status, first.content) == ("complete", answer.content if answer else [])
    assert (running.message.parent, running.message.status) == (first, "streaming")
    assert stored_frames(turn.id) == factories.frames(turn)


def test_lost_lease_only_settles_its_call(turn: Turn) -> None:
    running = factories.running(turn)
    Turn.objects.filter(id=turn.id).update(owner="host:2:bb", fence=2)
    batch = Batch(turn.id, 1, 1, factories.frames(turn))
    calls = [open_call.open_call(running, REQUEST, call=number, attempt=1).call_id for number in (1, 2)]
    assert not finish.end_call(running, batch, answer=None, call=(calls[0], SETTLED))
    end = TurnEnd("completed", stop_reason="end_turn")
    assert not finish.finish_turn(running, end, batch, answer=AnswerContent(TEXT), call=(calls[1], SETTLED))
    turn.refresh_from_db()
    running.message.refresh_from_db()
    assert (turn.status, running.message.status, turn.events.count()) == ("running", "streaming", 0)
    assert ApiCall.objects.settled().count() == 2


@pytest.mark.parametrize("answered", [True, False])
def test_the_end_writes_everything_together(turn: Turn, answered: bool) -> None:
    running = factories.running(turn)
    call = (open_call.open_call(running, REQUEST, call=1, attempt=1).call_id, SETTLED) if answered else None
    answer = AnswerContent(TEXT, stop_reason="end_turn", model_name="claude-told") if answered else None
    end = TurnEnd("completed", stop_reason="end_turn", detail="x" * 600)
    batch = Batch(turn.id, 1, 5, factories.frames(turn, first=5, count=2))
    assert finish.finish_turn(running, end, batch, answer=answer, call=call)
    turn.refresh_from_db()
    message = turn.messages.get()
    assert (turn.status, turn.stop_reason, turn.last_seq, len(turn.error_detail)) == (
        "completed",
        "end_turn",
        6,
        500,
    )
    assert turn.finished_at
    if answered:
        assert (message.content, message.text, message.status) == (TEXT, "Very high.", "complete")
        assert message.model_name == "claude-told"
    else:
        assert (message.content, message.text, message.status) == ([], "", "partial")
    assert ApiCall.objects.open().count() == 0
    assert stored_frames(turn.id, 5) == factories.frames(turn, first=6)


def test_end_without_frames_stores_no_events(turn: Turn) -> None:
    assert finish.finish_turn(
        factories.running(turn),
        TurnEnd("stopped"),
        Batch(turn.id, 1, 1, []),
        answer=None,
        call=None,
    )
    assert not turn.events.exists()


def test_a_kept_answer_is_never_written_again(turn: Turn) -> None:
    message = turn.messages.get()
    finish.keep_answer(message, AnswerContent(TEXT))
    finish.keep_answer(message, AnswerContent([{"type": "text", "text": "Late words"}]))
    message.refresh_from_db()
    assert message.text == "Very high."


ASKED = {"type": "tool_use", "id": "toolu_0", "name": "weather", "input": {"city": "Seoul"}}


def planned(turn: Turn, status: str) -> ToolCall:
    """A call that is not written yet."""
    row = factories.tool_call(turn, status)
    ToolCall.objects.all().delete()
    row._state.adding = True
    return row


def test_tool_use_opens_no_answer_before_its_results(turn: Turn) -> None:
    running = factories.running(turn)
    first, row = running.message, planned(turn, "ready")
    call = (open_call.open_call(running, REQUEST, call=1, attempt=1).call_id, SETTLED)
    answer = AnswerContent([ASKED], stop_reason="tool_use")
    assert finish.end_call(
        running,
        Batch(turn.id, 1, 1, factories.frames(turn)),
        answer=answer,
        call=call,
        asked=[row],
    )
    assert (running.message, running.calls) == (first, 1)
    ToolCall.objects.update(status="done", result=TEXT, finished_at=timezone.now())
    assert finish.answer_tools(running)
    results = running.message.parent
    assert results
    assert (results.kind, results.turn, results.parent, running.calls) == ("results", turn, first, 2)
    assert results.content == [{"type": "tool_result", "tool_use_id": "toolu_0", "content": TEXT}]
    running.turn.owner = "host:2:bb"
    assert not finish.answer_tools(running)


def test_waiting_turn_can_be_ended(turn: Turn) -> None:
    factories.tool_call(turn, "waiting")
    Turn.objects.filter(id=turn.id).update(status="waiting", owner="", last_seq=4)
    turn.refresh_from_db()
    assert finish.end_unowned(turn, TurnEnd("stopped"))
    told = [orjson.loads(frame.data) for frame in stored_frames(turn.id)]
    assert [(event["seq"], event["type"], event["status"]) for event in told] == [
        (5, "tool.finished", "stopped"),
        (6, "turn.finished", "stopped"),
    ]
    turn.refresh_from_db()
    assert (turn.status, turn.last_seq) == ("stopped", 6)
    assert told[1]["message"] == str(turn.messages.get(role="assistant").id)


def test_end_during_a_round_adds_tool_results(turn: Turn) -> None:
    running, row = factories.running(turn), planned(turn, "stopped")
    end = TurnEnd("completed", stop_reason="tool_use")
    batch = Batch(turn.id, 1, 1, factories.frames(turn))
    assert finish.finish_turn(running, end, batch, answer=AnswerContent([ASKED]), call=None, asked=[row])
    assert turn.messages.get(kind="results").content[0]["tool_use_id"] == "toolu_0"
