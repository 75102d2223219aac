"""Decisions about tool calls: once, by the owner, in time, and how the turn continues."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.utils import timezone

from chat.claude.encoding.exact_numbers import exact_json
from chat.events import payloads
from chat.events.store import Batch, stored_frames, stored_state
from chat.models import McpServer, ToolCall, ToolDefinition, Turn, User
from chat.operations.errors import OperationError
from chat.operations.turns import tool_decisions
from chat.operations.turns.tool_decisions import decide_call, expire_calls
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def turn(insider: User) -> Turn:
    """A turn that waits for a person, with two events behind it."""
    made = factories.turn(factories.conversation(insider), status="waiting", answer="Let me see.", last_seq=2)
    told = [payloads.turn_started(model="m", assistant_message="a"), payloads.turn_waiting()]
    frames = [payloads.encode(event, turn=str(made.id), seq=seq) for seq, event in enumerate(told, 1)]
    Batch(made.id, 1, 1, frames).store()
    return made


def told(turn: Turn) -> list[tuple[str, str]]:
    return [
        (event["type"], event["status"])
        for event in (orjson.loads(frame.data) for frame in stored_frames(turn.id, 2))
    ]


def test_last_decision_continues_the_turn(turn: Turn, insider: User) -> None:
    first, second = factories.tool_call(turn), factories.tool_call(turn)
    decided = decide_call(user=insider, tool_call_id=first.id, decision="approve")
    assert (decided.call.status, decided.call.decision, decided.resumes) == ("ready", "approve", False)
    assert decided.call.decided_by == insider
    assert decided.call.decided_at
    turn.refresh_from_db()
    assert (turn.status, turn.last_seq) == ("waiting", 3)
    decided = decide_call(user=insider, tool_call_id=second.id, decision="deny", reason=" Too\0 dear. ")
    assert (decided.call.status, decided.resumes, decided.turn_id) == ("denied", True, turn.id)
    assert decided.call.reason == "Too\ufffd dear."
    assert decided.call.result[0]["text"].endswith("Their reason: Too\ufffd dear.")
    turn.refresh_from_db()
    assert (turn.status, turn.last_seq) == ("queued", 5)
    assert told(turn) == [("tool.decided", "ready"), ("tool.decided", "denied"), ("tool.finished", "denied")]
    assert stored_state(turn.id).seq == 5


def test_an_edited_input_is_what_the_tool_gets(turn: Turn, insider: User) -> None:
    call = factories.tool_call(turn)
    edited = {"city": "Bu\0san", "deep": [1, {"a": None}]}
    decided = decide_call(user=insider, tool_call_id=call.id, decision="edit", input=edited)
    assert decided.call.effective_input == {"city": "Bu\ufffdsan", "deep": [1, {"a": None}]}
    assert decided.call.input == {"city": "Seoul"}
    assert orjson.loads(stored_frames(turn.id)[-1].data)["input"] == decided.call.effective_input


def test_each_call_is_decided_once(turn: Turn, insider: User) -> None:
    call = factories.tool_call(turn)
    factories.tool_call(turn)
    decide_call(user=insider, tool_call_id=call.id, decision="deny")
    for decision in ("approve", "deny"):
        assert refusal_code(decide_call, user=insider, tool_call_id=call.id, decision=decision) == "decided"
    late = factories.tool_call(turn, expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert refusal_code(decide_call, user=insider, tool_call_id=late.id, decision="approve") == "decided"
    assert "Their reason" not in ToolCall.objects.get(id=call.id).result[0]["text"]


def test_a_tool_is_allowed_for_the_conversation(turn: Turn, insider: User) -> None:
    tool, other = factories.tool("weather"), factories.tool("mail")
    first, second = factories.tool_call(turn, tool=tool), factories.tool_call(turn, tool=tool)
    mail, late = factories.tool_call(turn, tool=other), factories.tool_call(turn, tool=tool)
    ToolCall.objects.filter(id=late.id).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    decided = decide_call(user=insider, tool_call_id=first.id, decision="approve", remember=True)
    assert (decided.call.id, decided.resumes) == (first.id, False)
    assert told(turn) == [("tool.decided", "ready"), ("tool.decided", "ready")]
    turn.conversation.refresh_from_db()
    assert turn.conversation.allowed_tools == [str(tool.id)]
    second.refresh_from_db()
    assert (second.status, second.decided_by) == ("ready", insider)
    assert [ToolCall.objects.get(id=each.id).status for each in (mail, late)] == ["waiting", "waiting"]


@pytest.mark.parametrize(
    "choice", [{"decision": "deny"}, {"decision": "edit", "input": {}}, {"decision": "approve", "tool": None}]
)
def test_only_an_approval_of_a_known_tool_is_kept(choice: dict[str, Any], turn: Turn, insider: User) -> None:
    tool = choice.pop("tool", factories.tool())
    call = factories.tool_call(turn, tool=tool)
    decide_call(user=insider, tool_call_id=call.id, remember=True, **choice)
    turn.conversation.refresh_from_db()
    assert turn.conversation.allowed_tools == []


def test_only_the_author_decides(turn: Turn, insider: User, outsider: User) -> None:
    call = factories.tool_call(turn)
    assert refusal_code(decide_call, user=outsider, tool_call_id=call.id, decision="approve") == "not_found"
    for wrong in (uuid.uuid4(), "x", None, str(call.id).upper()):
        assert refusal_code(decide_call, user=insider, tool_call_id=wrong, decision="approve") == "not_found"
    insider.is_active = False
    assert refusal_code(decide_call, user=insider, tool_call_id=call.id, decision="approve") == "not_found"
    call.refresh_from_db()
    assert call.status == "waiting"


def refused_words(turn: Turn, user: User, given: object, **fields: Any) -> str:
    """Decide with an input that the tool of the row does not take; nothing must be decided."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    defaults = {"kind": "python", "target": "weather", "input_schema": schema}
    row, _made = ToolDefinition.objects.update_or_create(name="weather", defaults={**defaults, **fields})
    call = factories.tool_call(turn, tool=row)
    with pytest.raises(OperationError) as refused:
        decide_call(user=user, tool_call_id=call.id, decision="edit", input=given)
    call.refresh_from_db()
    assert (refused.value.code, call.status, call.decision) == ("invalid", "waiting", "")
    return refused.value.message


def test_edited_input_is_validated(turn: Turn, insider: User) -> None:
    words = refused_words(turn, insider, {"n": "five"})
    assert words == "The input does not fit this tool: $.n: 'five' is not of type 'integer'"
    assert "'n' is a required property" in refused_words(turn, insider, {})
    broken = {"type": "object", "properties": {"n": {"$ref": "https://elsewhere.example.test/"}}}
    assert "An administrator has to correct it" in refused_words(turn, insider, {"n": 5}, input_schema=broken)
    call = ToolCall.objects.filter(turn=turn).latest("id")
    ToolDefinition.objects.update(
        kind="mcp",
        server=McpServer.objects.create(name="shop", url="https://shop.example.test/mcp"),
        input_schema={"type": "object", "properties": {"n": {"type": "string", "pattern": "(a+)+$"}}},
    )
    with pytest.raises(OperationError, match="invalid"):
        decide_call(user=insider, tool_call_id=call.id, decision="edit", input={"n": "b!"})
    given = {"n": "aaa"}
    assert (
        decide_call(user=insider, tool_call_id=call.id, decision="edit", input=given).call.edited_input
        == given
    )
    assert told(turn) == [("tool.decided", "ready")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"n":\n 5,}', "Check line 2, column 4."),
        ("[1]", "must be a JSON object"),
        ('{"n": NaN}', "must be a JSON object"),
        ("[" * 100_000, "must be a JSON object"),
        ('{"n": 0.5}', "0.5 is not of type 'integer'"),
    ],
    ids=lambda text: text[:12],
)
def test_edited_text_is_read_and_validated(turn: Turn, insider: User, text: str, words: str) -> None:
    assert words in refused_words(turn, insider, text)


def test_edited_text_keeps_every_digit(turn: Turn, insider: User) -> None:
    call = factories.tool_call(turn)
    text = '{"order_id": 18446744073709551616, "amount": [0.10, 1e400, -0, 1E5]}'
    decided = decide_call(user=insider, tool_call_id=call.id, decision="edit", input=text)
    stored = ToolCall.objects.get(pk=decided.call.pk)
    assert exact_json(stored.effective_input) == text.replace(" ", "")
    assert text.replace(" ", "").encode() in stored_frames(turn.id)[-1].data
    long = f'{{"a": "{"x" * 250_000}"}}'
    for given in (long, " " * 1_000_001):
        other = factories.tool_call(turn)
        refused = {"user": insider, "tool_call_id": other.id, "decision": "edit", "input": given}
        assert refusal_code(decide_call, **refused) == "too_long"


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"decision": "perhaps"}, "invalid"),
        ({"decision": None}, "invalid"),
        ({"decision": "edit"}, "invalid"),
        ({"decision": "edit", "input": [1]}, "invalid"),
        ({"decision": "edit", "input": {"n": float("nan")}}, "invalid"),
        ({"decision": "edit", "input": {"t": "x" * 200_001}}, "too_long"),
        ({"decision": "deny", "reason": 5}, "invalid"),
        ({"decision": "deny", "reason": "가" * 501}, "invalid"),
    ],
)
def test_invalid_decisions_are_refused(turn: Turn, insider: User, choice: dict[str, Any], code: str) -> None:
    call = factories.tool_call(turn)
    assert refusal_code(decide_call, user=insider, tool_call_id=call.id, **choice) == code


def test_decision_in_a_running_turn_leaves_events_to_its_engine(turn: Turn, insider: User) -> None:
    call = factories.tool_call(turn)
    Turn.objects.filter(id=turn.id).update(status="running", owner="host:1:aa", heartbeat_at=timezone.now())
    assert not decide_call(user=insider, tool_call_id=call.id, decision="approve").resumes
    assert told(turn) == []


def test_calls_expire(turn: Turn, insider: User) -> None:
    assert expire_calls() == []
    past = timezone.now() - dt.timedelta(seconds=1)
    late, other = factories.tool_call(turn, expires_at=past), factories.tool_call(turn)
    assert expire_calls() == []
    late.refresh_from_db()
    assert (late.status, late.is_error, late.finished_at is not None) == ("expired", True, True)
    assert told(turn) == [("tool.finished", "expired")]
    ToolCall.objects.filter(id=other.id).update(expires_at=past)
    assert expire_calls() == [turn.id]
    assert expire_calls() == []
    turn.refresh_from_db()
    assert (turn.status, turn.last_seq) == ("queued", 4)


def test_two_decisions_at_once_are_one(any_database: str, at_once: Callable[..., list[Any]]) -> None:
    person = factories.person()
    turn = factories.turn(factories.conversation(person), status="waiting", answer="Let me see.")
    call = factories.tool_call(turn)
    answers = at_once(lambda: decide_call(user=person, tool_call_id=call.id, decision="approve"), 12)
    assert [type(answer).__name__ for answer in answers].count("Decided") == 1
    assert {answer.code for answer in answers if isinstance(answer, OperationError)} == {"decided"}
    turn.refresh_from_db()
    assert (turn.status, turn.last_seq) == ("queued", 1)


def test_a_decision_that_came_before_the_expiry_stands(turn: Turn, insider: User) -> None:
    factories.tool_call(turn)
    assert not tool_decisions._expire_in(turn.id)
    assert told(turn) == []
