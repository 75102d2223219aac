"""The read model of a conversation's page."""

import pytest
from django.template.loader import render_to_string

from chat.models import Message, Turn
from chat.presentation.messages import entry_context
from chat.presentation.thread import Thread
from tests import factories


def page(turn: Turn, messages: list[Message]) -> Thread:
    return Thread(turn.conversation, messages, False, {}, {}, None, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first_half", "types"), [("The first half", ["text", "became", "text"]), ("", ["text"])]
)
def test_notices_stand_where_they_belong(first_half: str, types: list[str]) -> None:
    chat = factories.conversation(factories.person())
    turn = factories.turn(chat, answer="The first half")
    first = turn.messages.get()
    first.content = [{"type": "text", "text": first_half}] if first_half else []
    asked = factories.message(chat, first, "go on", kind="continue", turn=turn)
    second = factories.message(chat, asked, "and the rest", role="assistant", turn=turn)
    moved = {"code": "failover", "from": "Main", "to": "Spare"}
    continued = {"code": "continued", "after": str(first.id)}
    turn.notices = [moved, continued]
    for message in (first, asked, second):
        message.turn = turn
    shown = page(turn, [turn.user_message, first, asked, second])
    answer = entry_context(shown.entries[-1], shown)
    assert answer["notices"] == [moved]
    assert [block["type"] for block in answer["blocks"]] == types
    assert [block["notice"] for block in answer["blocks"] if "notice" in block] == [continued][
        : len(types) - 1
    ]


def test_an_empty_input_of_a_tool_says_so() -> None:
    block = {"rows": [("city", "Seoul"), ("unit", "")], "value": "{}"}
    shown = " ".join(render_to_string("chat/message/_tool_input.html", {"block": block}).split())
    assert '<dt>city</dt><dd dir="auto">Seoul</dd>' in shown
    assert '<dt>unit</dt><dd dir="auto" class="tool__nothing">empty</dd>' in shown
