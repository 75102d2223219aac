"""What the browser's dialect adds to events: rendered fragments and words in the viewer's language."""

from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from chat import access
from chat.models import Message, Turn, User
from chat.operations.conversations.thread import Thread, read_thread
from chat.presentation.wording import failure_text

Event = dict[str, Any]


def decorate(event: Event, *, user: User, language: str) -> Event:
    """Return the event with what a page inserts, read in a constant number of queries.

    `turn.accepted` gets html {"message": the person's message, "answer": the place of its answer}; `turn.finished`
    gets html {"messages": the finished answer} and its error in words; other events pass through as they are.
    """
    render = _DECORATIONS.get(event["type"])
    if render is None:
        return event
    with translation.override(language):
        turn = access.find_turn(user, event["turn"])
        return event if turn is None else {**event, **render(event, turn)}


def _accepted(event: Event, turn: Turn) -> Event:
    page = read_thread(turn.conversation, leaf=event["user_message"], limit=1)
    html = {
        "message": _rendered(page, page.messages),
        "answer": render_to_string("chat/message/_answer_placeholder.html", {"turn": turn}),
    }
    return {"html": html}


def _finished(event: Event, turn: Turn) -> Event:
    answers = turn.messages.filter(role=Message.Role.ASSISTANT).count()
    if not answers:
        html: str = render_to_string("chat/message/_unanswered.html", {"turn": turn})
    else:
        # A turn with tools has its results' messages between its answers.
        page = read_thread(turn.conversation, leaf=event["message"], limit=2 * answers)
        html = _rendered(page, [message for message in page.messages if message.turn_id == turn.id])
    return {"html": {"messages": html}, "error": _worded(event["error"], turn.error_detail)}


def _worded(error: dict[str, str] | None, detail: str) -> dict[str, str] | None:
    """Say it in the viewer's language; `detail` is what the turn's row keeps, the event has a sentence already."""
    if error is None:
        return None
    return {**error, "message": failure_text(error["code"], detail or error["message"])}


def _rendered(page: Thread, messages: list[Message]) -> str:
    page.messages, page.has_more = messages, False
    return render_to_string("chat/thread/_messages.html", {"thread": page})


_DECORATIONS = {"turn.accepted": _accepted, "turn.finished": _finished}
RENDERED = frozenset(_DECORATIONS)
