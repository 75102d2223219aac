"""A round of tools: planned, begun once, ended once, answered in one message."""

from typing import Any

import pytest

from chat.models import Assistant, AssistantTool, Conversation, McpServer, Message, ToolCall, Turn, User
from chat.operations.turns import tool_rounds
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def assistant(db: None) -> Assistant:
    made = Assistant.objects.create(name="Handy")
    server = McpServer.objects.create(name="off", url="https://mcp.example", enabled=False)
    rules: dict[str, tuple[str, dict[str, Any]]] = {
        "open": ("", {}),
        "asks": ("ask", {}),
        "denied": ("deny", {}),
        "strict": ("", {"approval": "ask"}),
        "off": ("", {"enabled": False}),
        "away": ("", {"kind": "mcp", "server": server}),
        "theirs": ("", {"kind": "server"}),
    }
    for order, (name, (approval, fields)) in enumerate(rules.items()):
        tool = factories.tool(name, **fields)
        AssistantTool.objects.create(assistant=made, tool=tool, approval=approval, order=order)
    return made


@pytest.fixture
def turn(insider: User, assistant: Assistant) -> Turn:
    return factories.turn(factories.conversation(insider, assistant=assistant), status="running", answer="")


def asked(*names: str) -> list[dict[str, Any]]:
    return [
        {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": {"n": number}}
        for number, name in enumerate(names)
    ]


def plan(turn: Turn, content: list[dict[str, Any]], **more: Any) -> list[tool_rounds.PlannedCall]:
    return tool_rounds.plan_calls(
        turn, turn.messages.get(role="assistant"), content, more.pop("invalid", {}), **more
    )


def test_rules_decide_where_a_call_begins(turn: Turn) -> None:
    names = ("open", "asks", "denied", "strict", "off", "away", "theirs", "unheard_of")
    planned = plan(turn, [{"type": "text", "text": "Let me see."}, *asked(*names)])
    assert {made.row.name: (made.approval, made.row.status) for made in planned} == {
        "open": ("allow", "ready"),
        "asks": ("ask", "waiting"),
        "denied": ("deny", "denied"),
        "strict": ("ask", "waiting"),
        "off": ("deny", "failed"),
        "away": ("deny", "failed"),
        "theirs": ("deny", "failed"),
        "unheard_of": ("deny", "failed"),
    }
    assert [made.row.position for made in planned] == list(range(8))
    ToolCall.objects.bulk_create([made.row for made in planned])
    waiting = ToolCall.objects.waiting().first()
    assert waiting
    assert waiting.expires_at


def test_a_tool_that_the_owner_allowed_does_not_ask_again(turn: Turn) -> None:
    allowed = [str(link.tool_id) for link in turn.conversation.assistant.tool_links.all()]
    # The turn was claimed before the owner decided.
    Conversation.objects.filter(id=turn.conversation_id).update(allowed_tools=allowed)
    planned = plan(turn, asked("asks", "strict", "denied", "off"))
    assert [(made.approval, made.row.status) for made in planned] == [
        ("allow", "ready"),
        ("allow", "ready"),
        ("deny", "denied"),
        ("deny", "failed"),
    ]


def test_viewers_are_told_of_each_call(turn: Turn) -> None:
    ready, denied = plan(turn, asked("open", "denied"))
    (told,) = ready.events()
    assert (told["type"], told["title"], told["status"], told["input"]) == (
        "tool.requested",
        "Open",
        "ready",
        {"n": 0},
    )
    requested, finished = denied.events()
    assert (requested["status"], requested["expires_at"]) == ("denied", None)
    assert (finished["type"], finished["is_error"], finished["seconds"]) == ("tool.finished", True, None)
    (waiting,) = plan(turn, asked("asks"))
    assert waiting.events()[0]["expires_at"]


def test_calls_that_cannot_run_are_final_at_once(turn: Turn) -> None:
    content = asked("open", "open")
    bad, good = plan(turn, content, invalid={0: '{"n": oops]'})
    assert (bad.row.status, good.row.status) == ("failed", "ready")
    assert "oops" in bad.row.result[0]["text"]
    for made in plan(turn, content, not_run=tool_rounds.AT_LIMIT):
        assert (made.row.status, made.row.is_error) == ("stopped", True)
    many = plan(turn, asked(*["open"] * (tool_rounds.CALLS_PER_ANSWER + 1)))
    assert [made.row.status for made in many[-2:]] == ["ready", "stopped"]
    assert len(plan(turn, [content[0], content[0]])) == 1
    assert plan(turn, []) == []


def test_a_model_alone_has_no_tools(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="running", answer="")
    (made,) = plan(turn, asked("open"))
    assert made.row.status == "failed"


def test_a_call_begins_and_ends_once(turn: Turn) -> None:
    call = factories.tool_call(turn, "ready")
    again = ToolCall.objects.get()
    assert tool_rounds.begin_call(call)
    assert not tool_rounds.begin_call(again)
    assert tool_rounds.finish_call(call, [{"type": "text", "text": "18°"}], is_error=False)
    assert not tool_rounds.finish_call(again, [{"type": "text", "text": "late"}], is_error=True)
    (call,) = tool_rounds.calls_of(call.message_id)
    assert (call.status, call.result, call.is_error) == ("done", [{"type": "text", "text": "18°"}], False)
    event = tool_rounds.tool_finished_event(call)
    assert event["seconds"] >= 0


@pytest.mark.parametrize(
    ("stopped", "ends"),
    [
        (True, [("stopped", tool_rounds.STOPPED_WITHIN), *[("stopped", tool_rounds.NOT_RUN)] * 2]),
        (False, [("failed", tool_rounds.INTERRUPTED_WITHIN), *[("stopped", tool_rounds.INTERRUPTED)] * 2]),
    ],
)
def test_unfinished_calls_are_closed(turn: Turn, stopped: bool, ends: list[tuple[str, str]]) -> None:
    for status in ("done", "running", "ready", "waiting"):
        factories.tool_call(turn, status)
    closed = tool_rounds.close_round(turn, stopped=stopped)
    assert [(call.status, call.result[0]["text"]) for call in closed] == ends
    results = Message.objects.get(kind="results")
    assert [block["tool_use_id"] for block in results.content] == [f"toolu_{number}" for number in range(4)]
    assert results.content[0] == {
        "type": "tool_result",
        "tool_use_id": "toolu_0",
        "content": [{"type": "text", "text": "18°"}],
    }
    assert results.content[1]["is_error"] is True
    turn.conversation.refresh_from_db()
    assert turn.conversation.active_leaf == results
    assert tool_rounds.close_round(turn, stopped=stopped) == []
    assert Message.objects.filter(kind="results").count() == 1


def test_answers_without_tools_have_no_results(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="running", answer="")
    assert tool_rounds.write_results(turn, turn.messages.get()) is None
    fresh = factories.turn(factories.conversation(insider), status="queued")
    assert tool_rounds.close_round(fresh, stopped=True) == []
