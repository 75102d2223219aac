"""Additions to events for browsers: rendered fragments and texts in the viewer's language."""

from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from chat import access
from chat.models import Message, ToolCall, Turn, User
from chat.operations.conversations.thread import read_thread
from chat.operations.turns.thread_page import model_after_refusal, read_thread_page
from chat.presentation.blocks import call_block
from chat.presentation.messages import unanswered_context
from chat.presentation.thread import Thread
from chat.presentation.wording import failure_text, tool_result_text

Event = dict[str, Any]


def decorate(event: Event, *, user: User, language: str) -> Event:
    """Return the event with the HTML that a page inserts (a constant number of queries).

    `turn.accepted` gets html {"message": the person's message, "answer": a placeholder for the answer};
    `turn.finished` gets html {"messages": the finished answer} and its error as text; `tool.requested` and an edit get
    html {"input": what the call is about}, and the former the tool's title in their language; `tool.finished` of a call
    that the person denied or stopped gets its result in their language. Other events are unchanged.
    """
    render = _DECORATIONS.get(event["type"])
    if render is None:
        return event
    with translation.override(language):
        turn = access.find_turn(user, event["turn"])
        return event if turn is None else {**event, **render(event, turn, user)}


def _accepted(event: Event, turn: Turn, _user: User) -> Event:
    page = read_thread(turn.conversation, leaf=event["user_message"], limit=1)
    html = {
        "message": _rendered(page, page.messages),
        "answer": render_to_string("chat/message/_answer_placeholder.html", {"turn": turn}),
    }
    return {"html": html}


def _finished(event: Event, turn: Turn, user: User) -> Event:
    messages = turn.messages.count()
    if not messages:
        context = unanswered_context(turn, model_after_refusal(turn), staff=user.is_staff)
        html: str = render_to_string("chat/message/_unanswered.html", context)
    else:
        leaf = turn.last_message().id
        page = read_thread_page(turn.conversation, viewer=user, leaf=leaf, limit=messages)
        html = _rendered(page, [message for message in page.messages if message.turn_id == turn.id])
    return {"html": {"messages": html}, "error": _worded(event["error"], turn.error_detail)}


def _tool_input(event: Event, turn: Turn, _user: User) -> Event:
    call = turn.tool_calls.select_related("tool").filter(id=event["tool_call"]).first()
    if call is None or (event["type"] == "tool.decided" and "input" not in event):
        return {}
    block = call_block(call)
    html = {"input": render_to_string("chat/message/_tool_input.html", {"block": block})}
    return {"html": html, "title": block["title"]} if "title" in event else {"html": html}


def _tool_finished(event: Event, _turn: Turn, _user: User) -> Event:
    if event["status"] not in (ToolCall.Status.DENIED, ToolCall.Status.STOPPED):
        return {}
    return {
        "result": [
            {**part, "text": tool_result_text(part["text"])} if "text" in part else part
            for part in event["result"]
        ]
    }


def _worded(error: dict[str, str] | None, detail: str) -> dict[str, str] | None:
    """Return the error with its text in the viewer's language. `detail` is the detail in the turn's row."""
    if error is None:
        return None
    return {**error, "message": failure_text(error["code"], detail or error["message"])}


def _rendered(page: Thread, messages: list[Message]) -> str:
    page.messages, page.has_more = messages, False
    return render_to_string("chat/thread/_messages.html", {"thread": page})


_DECORATIONS = {
    "turn.accepted": _accepted,
    "turn.finished": _finished,
    "tool.requested": _tool_input,
    "tool.decided": _tool_input,
    "tool.finished": _tool_finished,
}
RENDERED = frozenset(_DECORATIONS)
