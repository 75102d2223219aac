"""Fragments of the browser's dialect: in the viewer's language, and for the owner only."""

from typing import Any

import pytest

from chat.claude.content.blocks import DENIED
from chat.live.fragments import RENDERED, decorate
from chat.models import Conversation, Turn, User
from tests import factories


@pytest.fixture
def chat(insider: User) -> Conversation:
    return Conversation.objects.create(owner=insider)


def accepted(turn: Turn) -> dict[str, Any]:
    return {"type": "turn.accepted", "turn": str(turn.id), "user_message": str(turn.user_message_id)}


def finished(turn: Turn, **fields: Any) -> dict[str, Any]:
    answer = turn.messages.filter(role="assistant").last()
    message = str(answer.id) if answer else None
    return {"type": "turn.finished", "turn": str(turn.id), "message": message, "error": None, **fields}


def test_accepted_turn_has_fragments_of_message_and_answer(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="queued", text="<b>Hello</b>")
    html = decorate(accepted(turn), user=insider, language="en")["html"]
    assert "&lt;b&gt;Hello&lt;/b&gt;" in html["message"]
    assert f'data-message="{turn.user_message_id}"' in html["message"]
    assert f'data-turn="{turn.id}" data-live data-seq="0"' in html["answer"]


def test_finished_turn_has_a_fragment_with_receipt_and_actions(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="stopped", answer="Part of it")
    html = decorate(finished(turn), user=insider, language="en")["html"]["messages"]
    for words in (
        "Part of it",
        f'hx-get="/messages/{turn.messages.get().id}/receipt"',
        "Claude-Test answered",
        "You stopped this answer.",
        f'data-continue="{turn.id}"',
    ):
        assert words in html
    assert "Hello?" not in html
    assert "data-live" not in html


def test_a_turn_that_never_began_still_ends_visibly(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="failed", error_code="no_model")
    event = finished(turn, error={"code": "no_model", "message": "raw"})
    told = decorate(event, user=insider, language="en")
    assert told["error"]["message"].startswith("No model is available.")
    assert "No model is available." in told["html"]["messages"]
    assert event["error"]["message"] == "raw"


def test_fragments_are_in_the_viewers_language(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="stopped", answer="Part")
    assert "답변을 중지했습니다." in decorate(finished(turn), user=insider, language="ko")["html"]["messages"]


def test_a_built_in_tool_is_named_in_the_viewers_language(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="running", answer="Let me see.")
    call = factories.tool_call(turn, tool=factories.tool("calculate", title="Calculator"))
    event = {"type": "tool.requested", "turn": str(turn.id), "tool_call": str(call.id), "title": "Calculator"}
    told = decorate(event, user=insider, language="ko")
    assert (told["title"], event["title"]) == ("계산기", "Calculator")


def test_fragments_require_access(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, answer="Secret")
    outsider = factories.person("outsider")
    assert decorate(finished(turn), user=outsider, language="en") == finished(turn)
    usage = {"type": "usage", "turn": str(turn.id)}
    assert decorate(usage, user=insider, language="en") is usage
    assert {"tool.decided", "tool.finished", "tool.requested", "turn.accepted", "turn.finished"} == RENDERED


def test_rendering_takes_a_constant_number_of_queries(
    insider: User, django_assert_max_num_queries: Any
) -> None:
    chat = factories.long_conversation(insider, 300)
    chat.refresh_from_db()
    turn = Turn.objects.get(messages=chat.active_leaf_id)
    with django_assert_max_num_queries(13):
        decorate(finished(turn), user=insider, language="en")
    with django_assert_max_num_queries(13):
        decorate(accepted(turn), user=insider, language="en")


def test_a_turn_with_tools_is_one_article(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="stopped", answer="First")
    above = turn.messages.get()
    call = factories.tool_call(turn, "done", name="look_up")
    above.content.append({"type": "tool_use", "id": call.tool_use_id, "name": "look_up", "input": {}})
    above.save()
    results = factories.message(chat, above, "", kind="results", turn=turn)
    last = factories.message(chat, results, "Second", role="assistant", turn=turn, status="partial")
    Conversation.objects.filter(id=chat.id).update(active_leaf=last)
    html = decorate(finished(turn), user=insider, language="en")["html"]["messages"]
    assert html.count("<article") == html.count("data-footer") == html.count("data-ending") == 1
    assert html.index("First") < html.index("look_up") < html.index("Second")
    assert html.count(f'hx-get="/messages/{last.id}/receipt"') == 1
    assert f'data-message="{last.id}" data-parent="{turn.user_message_id}"' in html
    assert "Hello?" not in html


def test_the_leaf_of_a_stopped_turn_may_be_results(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="stopped", answer="")
    results = factories.message(chat, turn.messages.get(), "", kind="results", turn=turn)
    html = decorate(finished(turn), user=insider, language="en")["html"]["messages"]
    assert f'data-message="{results.id}"' in html
    assert f'data-continue="{turn.id}"' in html


def test_a_request_for_a_tool_says_what_it_is_about(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="waiting", answer="")
    about = "Sends <mail>.\n\nOnly models read this."
    given = {"to": "<b>", "text": "1\n2", "count": 12345678901234567890, "deep": {"a": None}}
    call = factories.tool_call(turn, tool=factories.tool(description=about), input=given)
    event = {"type": "tool.requested", "turn": str(turn.id), "tool_call": str(call.id)}
    html = decorate(event, user=insider, language="en")["html"]["input"]
    for words in (
        "Sends &lt;mail&gt;.",
        "<dt>to</dt>",
        "&lt;b&gt;",
        "1\n2</dd>",
        "12345678901234567890</dd>",
    ):
        assert words in html
    assert "Only models" not in html
    decided = {**event, "type": "tool.decided"}
    assert decorate(decided, user=insider, language="en") == decided
    edited = {**decided, "input": {"to": "me"}}
    call.edited_input = {"to": "me"}
    call.save()
    assert '<dd dir="auto">me</dd>' in decorate(edited, user=insider, language="en")["html"]["input"]
    gone = {**event, "tool_call": str(turn.id)}
    assert decorate(gone, user=insider, language="en") == gone


def test_the_result_of_a_denied_call_is_told_to_the_person(chat: Conversation, insider: User) -> None:
    turn = factories.turn(chat, status="running")
    event = {"type": "tool.finished", "turn": str(turn.id), "status": "denied"}
    event["result"] = [{"type": "text", "text": DENIED}, {"type": "image"}]
    told = decorate(event, user=insider, language="ko")["result"]
    assert told == [{"type": "text", "text": "이 호출을 거부했습니다."}, {"type": "image"}]
    done = {**event, "status": "done"}
    assert decorate(done, user=insider, language="ko") == done
