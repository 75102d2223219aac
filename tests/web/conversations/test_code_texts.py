"""The code of answers that a page has not loaded: above its first message and below its last one, on the shown path."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chat.models import Message, User
from chat.operations.conversations.path import ConversationPath
from tests import factories

FENCED = [
    "```html\n<p>one</p>\n```",
    "~~~\ntwo\n~~~",
    "Like this:\n\n    three = 3\n",
    "As a tab:\n\n\tfour = 4",
]


@pytest.fixture
def path(insider: User) -> tuple[Message, ...]:
    """Questions, of which each has code too, and answers: the last one has no code."""
    answers = [*FENCED, "no code"]
    texts = [text for answer in answers for text in ("```\nmine\n```", answer)]
    return ConversationPath.to(factories.conversation(insider, *texts).active_leaf_id).messages


def code(browser: Client, path: tuple[Message, ...], **bounds: Any) -> Any:
    return browser.get(f"/c/{path[0].conversation_id}/code", bounds).json()


def test_answers_with_code_above_and_below_a_part(browser: Client, path: tuple[Message, ...]) -> None:
    found = code(browser, path, above=path[2].id, below=path[4].id)
    assert found == {"above": FENCED[:1], "below": FENCED[2:]}
    assert code(browser, path, above=path[9].id) == {"above": FENCED, "below": []}
    assert code(browser, path, below=path[5].id) == {"above": [], "below": FENCED[3:]}
    for wrong in ({}, {"above": "x"}, {"above": path[0].id}, {"below": path[-1].id}):
        assert code(browser, path, **wrong) == {"above": [], "below": []}


def test_another_branch_is_not_counted(browser: Client, path: tuple[Message, ...]) -> None:
    factories.message(path[0].conversation, path[0], FENCED[1], role="assistant")
    assert code(browser, path, above=path[2].id)["above"] == FENCED[:1]


def test_an_answer_in_a_format_is_code_as_its_page_shows_it(browser: Client, insider: User) -> None:
    chat = factories.conversation(insider)
    factories.turn(chat, answer='{"a": 1}', output_schema={"type": "object"})
    last = factories.message(chat, chat.active_leaf, "And now?")
    type(chat).objects.filter(id=chat.id).update(active_leaf=last)
    assert code(browser, (last,), above=last.id)["above"] == ['~~~~json\n{\n  "a": 1\n}\n~~~~']


def test_it_takes_the_same_queries_however_long_it_is(browser: Client, insider: User) -> None:
    def queries(length: int) -> int:
        texts = ["Hello", FENCED[0]] * length
        messages = ConversationPath.to(factories.conversation(insider, *texts).active_leaf_id).messages
        with CaptureQueriesContext(connection) as seen:
            assert len(code(browser, messages, above=messages[-2].id)["above"]) == length - 1
        return len(seen)

    queries(2)
    assert queries(2) == queries(40)
