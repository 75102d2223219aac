"""Answers that break and go on by themselves: when, and what is written."""

from typing import Any

import pytest

from chat.claude.failures.failure import FailureKind, failure, from_response
from chat.events import payloads
from chat.events.store import Batch, stored_frames
from chat.models import ApiCall, Assistant, Message, ToolCall, Turn, Workspace
from chat.operations.billing import ledger
from chat.operations.request import build
from chat.operations.running_turn import RunningTurn, next_answer
from chat.operations.turns import auto_continue, open_call
from chat.operations.turns.finish import AnswerContent, keep_answer
from tests import factories

pytestmark = pytest.mark.django_db
BROKE = failure(FailureKind.CONNECTION, "ReadError")
TEXT = [{"type": "text", "text": "Very hi"}]
CALL = {"type": "tool_use", "id": "toolu_0", "name": "weather", "input": {}}
NOTICE = payloads.notice("continued", about={"reason": "connection", "after": "m"})
TOLD = {"code": "continued", "reason": "connection", "after": "m"}


@pytest.mark.parametrize(
    ("workspace", "assistant", "wanted"),
    [
        (None, None, True),
        (False, None, False),
        (False, True, True),
        (True, False, False),
        (True, None, True),
    ],
)
def test_staff_decide_for_the_workspace_or_an_assistant(
    turn: Turn, workspace: bool | None, assistant: bool | None, wanted: bool
) -> None:
    if workspace is not None:
        Workspace(auto_continue=workspace).save()
    turn.conversation.assistant = Assistant.objects.create(name="Guide", auto_continue=assistant)
    assert auto_continue.may_continue(turn, BROKE) == wanted


def test_conversation_without_assistant_follows_the_workspace(turn: Turn) -> None:
    assert auto_continue.may_continue(turn, BROKE)
    Workspace(auto_continue=False).save()
    assert not auto_continue.may_continue(turn, BROKE)


@pytest.mark.parametrize(
    ("notices", "again"),
    [
        ([], True),
        ([TOLD, {"code": "failover"}], True),
        ([TOLD, {"code": "failover"}, TOLD], False),
    ],
)
def test_answer_continues_twice_at_most(turn: Turn, notices: list[Any], again: bool) -> None:
    turn.notices = notices
    assert auto_continue.may_continue(turn, BROKE) == again


def test_what_a_retry_would_repeat_does_not_continue(turn: Turn) -> None:
    assert not auto_continue.may_continue(turn, from_response(400, "", {}))
    assert not auto_continue.may_continue(turn, failure(FailureKind.CONTEXT_FULL, "full"))
    turn.output_schema = {"type": "object"}
    assert not auto_continue.may_continue(turn, BROKE)


def continued(running: RunningTurn, content: list[dict[str, Any]]) -> bool:
    request = {"max_tokens": 100, "messages": [{"role": "user", "content": "How high?"}]}
    call_id = open_call.open_call(running, request, call=running.calls, attempt=1).call_id
    assert call_id is not None
    asked = auto_continue.calls_not_run(running, content)
    cut = ledger.Settlement(status="cut", bill=ledger.free_bill())
    return auto_continue.continue_answer(
        running,
        Batch(running.turn.id, 1, 1, factories.frames(running.turn)),
        NOTICE,
        answer=AnswerContent(content, Message.Status.PARTIAL),
        call=(call_id, cut),
        asked=[planned.row for planned in asked],
    )


def test_part_is_kept_and_the_rest_asked_for(turn: Turn) -> None:
    running = factories.running(turn)
    part = running.message
    assert continued(running, TEXT)
    part.refresh_from_db()
    assert (part.status, part.text, part.content) == ("partial", "Very hi", TEXT)
    asked = running.message.parent
    assert asked is not None
    assert (asked.kind, asked.role, asked.turn, asked.parent) == ("continue", "user", turn, part)
    assert "<end_of_answer>Very hi</end_of_answer>" in asked.content[0]["text"]
    assert (running.message.status, running.calls) == ("streaming", 2)
    turn.refresh_from_db()
    assert turn.notices == running.turn.notices == [TOLD]
    assert stored_frames(turn.id) == factories.frames(turn)
    assert ApiCall.objects.get().status == "cut"
    sent = [message["role"] for message in build.request_for(running)["messages"]]
    assert sent == ["user", "assistant", "user"]


SEARCH = {"type": "server_tool_use", "id": "srvtoolu_0", "name": "web_search", "input": {}}


@pytest.mark.parametrize(
    ("content", "roles"),
    [
        ([], ["user"]),
        ([{"type": "thinking", "thinking": "Hm.", "signature": "s"}], ["user"]),
        ([{"type": "card", "value": 1}], ["user", "assistant", "user"]),
    ],
)
def test_without_text_the_whole_answer_is_asked_for(
    turn: Turn, content: list[dict[str, Any]], roles: list[str]
) -> None:
    running = factories.running(turn)
    assert continued(running, content)
    asked = running.message.parent
    assert asked is not None
    assert asked.content[0]["text"].startswith("Your last answer was cut off before its first word.")
    assert [message["role"] for message in build.request_for(running)["messages"]] == roles


def test_pause_before_an_empty_part_is_given_up(turn: Turn) -> None:
    running = factories.running(turn)
    pause = AnswerContent([SEARCH], Message.Status.COMPLETE, "pause_turn")
    keep_answer(running.message, pause)
    next_answer(running, running.message)
    assert continued(running, [])
    assert [message["role"] for message in build.request_for(running)["messages"]] == ["user"]


def test_calls_of_the_part_get_results(turn: Turn) -> None:
    running = factories.running(turn)
    assert continued(running, [*TEXT, CALL])
    row = ToolCall.objects.get()
    assert (row.status, row.result) == (
        "stopped",
        [{"type": "text", "text": "not run: the answer broke off before it was whole"}],
    )
    results = running.message.parent
    assert results is not None
    assert results.kind == "results"
    sent = build.request_for(running)["messages"]
    assert [[block["type"] for block in message["content"]] for message in sent] == [
        ["text"],
        ["text", "tool_use"],
        ["tool_result"],
    ]


def test_lost_lease_settles_the_call_only(turn: Turn) -> None:
    running = factories.running(turn)
    Turn.objects.filter(id=turn.id).update(owner="host:2:bb", fence=2)
    assert not continued(running, TEXT)
    running.message.refresh_from_db()
    turn.refresh_from_db()
    assert (running.message.status, turn.notices, turn.messages.count()) == ("streaming", [], 1)
    assert ApiCall.objects.get().status == "cut"


def test_parts_of_an_answer_belong_together(turn: Turn) -> None:
    assert [part.text for part in turn.last_answer_parts()] == [""]
    running = factories.running(turn)
    whole = running.message
    Message.objects.filter(id=whole.id).update(text="before")
    first = factories.message(turn.conversation, whole, "a", role="assistant", turn=turn)
    asked = factories.message(turn.conversation, first, "go on", kind="continue", turn=turn)
    factories.message(turn.conversation, asked, "b", role="assistant", turn=turn)
    turn.notices = [{"code": "failover"}]
    assert [part.text for part in turn.last_answer_parts()] == ["b"]
    turn.notices = [{"code": "continued", "after": str(first.id)}]
    assert [part.text for part in turn.last_answer_parts()] == ["a", "b"]
    turn.notices = [{"code": "continued", "after": str(whole.id)}]
    assert [part.text for part in turn.last_answer_parts()] == ["b"]


def test_turn_without_an_answer_has_no_parts(insider: Any) -> None:
    assert factories.turn(factories.conversation(insider), status="queued").last_answer_parts() == []
