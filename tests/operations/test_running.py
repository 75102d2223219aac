"""What an engine writes: claims, requests, leases, calls and ends, each only while its lease holds."""

import uuid

import orjson
import pytest
from django.utils import timezone

from chat.claude.request import RequestError
from chat.models import ApiCall, LanguageModel, Message, ToolCall, Turn, User
from chat.operations import ledger, running
from chat.operations.events_log import Batch, stored_frames
from chat.operations.frames import answer_limit
from chat.operations.running import Answer, End
from tests import factories

pytestmark = pytest.mark.django_db
SETTLED = ledger.Settlement(status="succeeded", bill=ledger.free_bill())
REQUEST = {"max_tokens": 100, "messages": [{"role": "user", "content": "How high?"}]}
TEXT = [{"type": "text", "text": "Very high."}]


@pytest.fixture
def turn(insider: User) -> Turn:
    return factories.turn(factories.conversation(insider), status="running", answer="")


def test_claim_takes_a_queued_turn_once(insider: User, model: LanguageModel) -> None:
    turn = factories.turn(factories.conversation(insider, "Old", "Answer"), status="queued")
    work = running.claim(turn.id, "host:1:aa")
    assert work
    assert running.claim(turn.id, "host:2:bb") is None
    assert (work.turn.status, work.turn.owner, work.fence) == ("running", "host:1:aa", 1)
    assert work.turn.started_at
    assert (work.message.parent, work.message.status, work.message.model_name) == (
        turn.user_message,
        "streaming",
        "claude-test",
    )
    assert (work.model, work.connection, len(work.prices)) == (model, model.connection, 1)
    turn.conversation.refresh_from_db()
    assert turn.conversation.active_leaf == work.message


def test_a_turn_whose_model_is_gone_ends_at_once(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="queued")
    LanguageModel.objects.all().delete()
    assert running.claim(turn.id, "host:1:aa") is None
    turn.refresh_from_db()
    assert (turn.status, turn.error_code, turn.last_seq) == ("failed", "no_model", 1)
    assert b'"error":{"code":"no_model"' in stored_frames(turn.id)[0]
    assert not Message.objects.filter(role="assistant").exists()


def test_a_turn_that_moved_on_is_not_ended(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="queued")
    running.claim(turn.id, "host:1:aa")
    assert not running.end_unowned(turn, End("stopped"))
    assert not turn.events.exists()


def test_queued_turns_oldest_first(insider: User) -> None:
    turns = [factories.turn(factories.conversation(insider), status="queued") for _ in range(3)]
    factories.turn(factories.conversation(insider), status="running")
    assert running.queued_turns(2) == [turns[0].id, turns[1].id]


def test_the_request_is_the_frame_and_the_path(insider: User) -> None:
    chat = factories.conversation(insider, "High?", "Very.")
    turn = factories.turn(chat, status="running", text="How very? " * 400, parent=chat.active_leaf, answer="")
    request = running.request_for(factories.work(turn))
    assert request["model"] == "claude-test"
    assert request["max_tokens"] == 1000
    assert [message["role"] for message in request["messages"]] == ["user", "assistant", "user"]
    assert request["messages"][2]["content"][0]["cache_control"] == {"type": "ephemeral"}


def test_a_message_without_a_path_makes_no_request(turn: Turn) -> None:
    work = factories.work(turn)
    work.message.parent = None
    with pytest.raises(RequestError):
        running.request_for(work)


def test_beat_renews_what_is_held_and_tells_stops(insider: User) -> None:
    held, asked, lost = (
        factories.turn(factories.conversation(insider), status="running", answer="") for _ in range(3)
    )
    Turn.objects.filter(id=asked.id).update(stop_requested_at=timezone.now())
    Turn.objects.filter(id=lost.id).update(owner="host:2:bb")
    assert running.beat("host:1:aa", [held.id, asked.id, lost.id]) == {held.id: False, asked.id: True}
    assert Turn.objects.get(id=held.id).heartbeat_at > held.heartbeat_at
    assert running.stop_requests("host:1:aa") == [asked.id]


def test_calls_carry_what_they_belong_to(turn: Turn) -> None:
    work = factories.work(turn)
    row = ApiCall.objects.get(id=running.open_call(work, REQUEST, call=2, attempt=3).call_id)
    assert (row.key, row.attempt, row.status) == (f"{turn.id}:1:2:3", 3, "open")
    assert (row.turn, row.message, row.user, row.conversation) == (
        turn,
        work.message,
        turn.author,
        turn.conversation,
    )
    assert (row.frame_digest, row.door, row.purpose, row.connection_name) == (
        turn.frame_id,
        "chat",
        "turn",
        "Loopback",
    )


@pytest.mark.parametrize("answer", [Answer(TEXT, stop_reason="pause_turn"), None])
def test_a_paused_call_keeps_its_message_and_opens_the_next(turn: Turn, answer: Answer | None) -> None:
    work = factories.work(turn)
    first, call_id = work.message, running.open_call(work, REQUEST, call=1, attempt=1).call_id
    batch = Batch(turn.id, 1, 1, [b'{"seq":1}'])
    assert running.end_call(work, "host:1:aa", batch, answer=answer, call=(call_id, SETTLED))
    first.refresh_from_db()
    assert (first.status, first.content) == ("complete", answer.content if answer else [])
    assert (work.message.parent, work.message.status) == (first, "streaming")
    assert stored_frames(turn.id) == [b'{"seq":1}']


def test_a_lost_lease_pays_and_writes_nothing_else(turn: Turn) -> None:
    work = factories.work(turn)
    Turn.objects.filter(id=turn.id).update(owner="host:2:bb", fence=2)
    batch = Batch(turn.id, 1, 1, [b'{"seq":1}'])
    calls = [running.open_call(work, REQUEST, call=number, attempt=1).call_id for number in (1, 2)]
    assert not running.end_call(work, "host:1:aa", batch, answer=None, call=(calls[0], SETTLED))
    end = End("completed", stop_reason="end_turn")
    assert not running.finish(work, "host:1:aa", end, batch, answer=Answer(TEXT), call=(calls[1], SETTLED))
    turn.refresh_from_db()
    work.message.refresh_from_db()
    assert (turn.status, work.message.status, turn.events.count()) == ("running", "streaming", 0)
    assert ApiCall.objects.settled().count() == 2


@pytest.mark.parametrize("answered", [True, False])
def test_the_end_writes_everything_together(turn: Turn, answered: bool) -> None:
    work = factories.work(turn)
    call = (running.open_call(work, REQUEST, call=1, attempt=1).call_id, SETTLED) if answered else None
    answer = Answer(TEXT, stop_reason="end_turn", model_name="claude-told") if answered else None
    end = End("completed", stop_reason="end_turn", detail="x" * 600)
    batch = Batch(turn.id, 1, 5, [b'{"seq":5}', b'{"seq":6}'])
    assert running.finish(work, "host:1:aa", end, batch, answer=answer, call=call)
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
    assert stored_frames(turn.id, 5) == [b'{"seq":6}']


def test_an_end_without_frames_stores_none(turn: Turn) -> None:
    assert running.finish(
        factories.work(turn), "host:1:aa", End("stopped"), Batch(turn.id, 1, 1, []), answer=None, call=None
    )
    assert not turn.events.exists()


def test_a_kept_answer_is_never_written_again(turn: Turn) -> None:
    message = turn.messages.get()
    running.keep_answer(message, Answer(TEXT))
    running.keep_answer(message, Answer([{"type": "text", "text": "Late words"}]))
    message.refresh_from_db()
    assert message.text == "Very high."


ASKED = {"type": "tool_use", "id": "toolu_0", "name": "weather", "input": {"city": "Seoul"}}


def planned(turn: Turn, status: str) -> ToolCall:
    """A call that is not written yet."""
    row = factories.tool_call(turn, status)
    ToolCall.objects.all().delete()
    row._state.adding = True
    return row


def test_a_call_that_asks_for_tools_opens_no_answer_before_their_results(turn: Turn) -> None:
    work = factories.work(turn)
    first, row = work.message, planned(turn, "ready")
    call = (running.open_call(work, REQUEST, call=1, attempt=1).call_id, SETTLED)
    answer = Answer([ASKED], stop_reason="tool_use")
    assert running.end_call(
        work, "host:1:aa", Batch(turn.id, 1, 1, [b"{}"]), answer=answer, call=call, asked=[row]
    )
    assert (work.message, work.calls) == (first, 1)
    ToolCall.objects.update(status="done", result=TEXT, finished_at=timezone.now())
    assert running.answer_tools(work, "host:1:aa")
    results = work.message.parent
    assert results
    assert (results.kind, results.turn, results.parent, work.calls) == ("results", turn, first, 2)
    assert results.content == [{"type": "tool_result", "tool_use_id": "toolu_0", "content": TEXT}]
    assert not running.answer_tools(work, "host:2:bb")


def test_a_turn_is_parked_only_when_nothing_but_people_is_awaited(turn: Turn) -> None:
    work, batch = factories.work(turn), Batch(turn.id, 1, 1, [b'{"seq":1}'])
    call = factories.tool_call(turn, "waiting")
    factories.tool_call(turn, "done")
    ToolCall.objects.filter(id=call.id).update(status="ready")
    assert not running.park(work, "host:1:aa", batch)
    ToolCall.objects.filter(id=call.id).update(status="waiting")
    Turn.objects.filter(id=turn.id).update(stop_requested_at=timezone.now())
    assert not running.park(work, "host:1:aa", batch)
    Turn.objects.filter(id=turn.id).update(stop_requested_at=None)
    with pytest.raises(running.LeaseLost):
        running.park(work, "host:2:bb", batch)
    assert not turn.events.exists()
    assert running.park(work, "host:1:aa", batch)
    turn.refresh_from_db()
    assert (turn.status, turn.owner, turn.heartbeat_at, turn.last_seq) == ("waiting", "", None, 1)


def test_a_turn_that_waited_is_taken_up_with_its_last_answer(turn: Turn) -> None:
    began = timezone.now()
    Turn.objects.filter(id=turn.id).update(status="queued", owner="", last_seq=7, started_at=began)
    work = running.claim(turn.id, "host:2:bb")
    assert work
    assert (work.resumed, work.calls, work.message) == (True, 1, turn.messages.get())
    assert (work.fence, work.turn.last_seq, work.turn.started_at) == (2, 7, began)


def test_a_turn_that_waits_can_be_ended(turn: Turn) -> None:
    factories.tool_call(turn, "waiting")
    Turn.objects.filter(id=turn.id).update(status="waiting", owner="", last_seq=4)
    turn.refresh_from_db()
    assert running.end_unowned(turn, End("stopped"))
    told = [orjson.loads(frame) for frame in stored_frames(turn.id)]
    assert [(event["seq"], event["type"], event["status"]) for event in told] == [
        (5, "tool.finished", "stopped"),
        (6, "turn.finished", "stopped"),
    ]
    turn.refresh_from_db()
    assert (turn.status, turn.last_seq) == ("stopped", 6)
    assert told[1]["message"] == str(turn.messages.get(role="assistant").id)


def test_an_end_in_the_middle_of_a_round_answers_it(turn: Turn) -> None:
    work, row = factories.work(turn), planned(turn, "stopped")
    end = End("completed", stop_reason="tool_use")
    batch = Batch(turn.id, 1, 1, [b"{}"])
    assert running.finish(work, "host:1:aa", end, batch, answer=Answer([ASKED]), call=None, asked=[row])
    assert turn.messages.get(kind="results").content[0]["tool_use_id"] == "toolu_0"


def test_another_connection_goes_on_under_the_same_frame(turn: Turn, model: LanguageModel) -> None:
    work, told = factories.work(turn), {"code": "failover", "to": "Spare"}
    spare = factories.language_model(
        connection=factories.provider("Spare"), max_output_tokens=500, default_max_tokens=1
    )
    frame = turn.frame_id
    assert running.move(work, "host:1:aa", spare, told)
    assert (work.model, work.connection, work.turn.frame_id) == (spare, spare.connection, frame)
    turn.refresh_from_db()
    assert (turn.model, turn.max_tokens, turn.notices) == (spare, 500, [told])
    named = factories.language_model(
        "anthropic.claude-test", connection=factories.provider("Named"), canonical_id="claude-test"
    )
    assert running.move(work, "host:1:aa", named, told)
    turn.refresh_from_db()
    assert turn.frame.body == {"model": "anthropic.claude-test"}
    assert turn.notices == [told, told]
    message = turn.messages.get()
    assert (message.frame_id, message.model_name) == (turn.frame_id, "anthropic.claude-test")
    assert not running.move(work, "host:2:bb", spare, told)


def test_another_model_goes_on_under_its_own_frame(turn: Turn) -> None:
    work = factories.work(turn)
    thinking = {"thinking": {"types": {"adaptive": True}}}
    other = factories.language_model("claude-other", capabilities=thinking, default_max_tokens=77)
    assert running.move(work, "host:1:aa", other, {"code": "fallback"})
    turn.refresh_from_db()
    assert turn.frame.body == {
        "model": "claude-other",
        "thinking": {"type": "adaptive", "display": "summarized"},
    }
    assert turn.max_tokens == answer_limit(other, None)


def test_unknown_turns_are_nobodys() -> None:
    assert running.claim(uuid.uuid4(), "host:1:aa") is None
