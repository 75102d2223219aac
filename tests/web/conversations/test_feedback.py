"""👍 and 👎 below an answer: a reason and words once, changed and taken back by the same buttons."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, Feedback, Message, Turn, User
from chat.models.transcript.conversations import UNDO_FOR
from chat.operations.deletion.remove import remove_conversation
from tests import factories


@pytest.fixture
def answer(turn: Turn) -> Message:
    return turn.last_message()


def rate(client: Client, message: Message, rating: str, **fields: str) -> Any:
    return client.post(f"/messages/{message.pk}/feedback", {"rating": rating, **fields})


def pressed(page: str) -> list[str]:
    """Return which of the two buttons are pressed."""
    return [
        name for name in ("good", "bad") if f"{name}-" in page and 'aria-pressed="true"' in _tag(page, name)
    ]


def _tag(page: str, name: str) -> str:
    start = page.index(f'id="{name}-')
    return page[start : page.index(">", start)]


def test_each_answer_has_its_buttons(browser: Client, chat: Conversation, answer: Message) -> None:
    page = browser.get(f"/c/{chat.pk}").content.decode()
    assert page.count(f'hx-post="/messages/{answer.pk}/feedback"') == 2
    assert pressed(page) == []
    rate(browser, answer, "1")
    assert pressed(browser.get(f"/c/{chat.pk}").content.decode()) == ["good"]


def test_a_rating_asks_once_for_a_reason(browser: Client, answer: Message, insider: User) -> None:
    page = rate(browser, answer, "-1").content.decode()
    assert pressed(page) == ["bad"]
    assert "What was wrong?" in page
    assert 'value="wrong"' in page
    assert 'value="correct"' not in page
    told = rate(browser, answer, "-1", reason="wrong", words="It is <lower>.").content.decode()
    assert "Thank you." in told
    assert "<form" not in told
    row = Feedback.objects.get()
    assert (row.person, row.message, row.rating, row.reason, row.words) == (
        insider, answer, -1, "wrong", "It is <lower>.",
    )  # fmt: skip
    assert (row.model, row.assistant) == (answer.turn.model if answer.turn else None, None)


def test_the_other_button_keeps_the_words(browser: Client, answer: Message) -> None:
    rate(browser, answer, "-1", reason="wrong", words="Hm.")
    page = rate(browser, answer, "1").content.decode()
    assert "What was good?" in page
    assert ">Hm.</textarea>" in page
    row = Feedback.objects.get()
    assert (row.rating, row.reason, row.words) == (1, "", "Hm.")


def test_the_same_button_takes_it_back(browser: Client, answer: Message) -> None:
    page = rate(browser, answer, "1").content.decode()
    assert """hx-vals='{"rating": ""}'""" in page
    assert pressed(rate(browser, answer, "").content.decode()) == []
    assert not Feedback.objects.exists()
    assert rate(browser, answer, "").status_code == 200, "twice is no error"


@pytest.mark.parametrize(
    ("rating", "fields", "words"),
    [
        ("1", {"reason": "wrong", "words": ""}, "Allowed reasons"),
        ("-1", {"reason": "x", "words": ""}, "Allowed reasons"),
        ("-1", {"words": "x" * 2001}, "at most 2000 characters (they have 2001)"),
    ],
)
def test_what_is_refused_keeps_the_form(
    browser: Client, answer: Message, rating: str, fields: dict[str, str], words: str
) -> None:
    rate(browser, answer, rating)
    page = rate(browser, answer, rating, **fields)
    assert page.status_code == 422
    assert words in page.content.decode()
    assert fields["words"] in page.content.decode()
    assert Feedback.objects.get().words == ""


def test_a_rating_that_does_not_exist_is_refused(browser: Client, answer: Message) -> None:
    page = rate(browser, answer, "5")
    assert page.status_code == 422
    assert "1 for a good answer" in page.content.decode()


def test_closing_the_form_keeps_the_rating(browser: Client, answer: Message) -> None:
    rate(browser, answer, "1")
    page = browser.get(f"/messages/{answer.pk}/feedback").content.decode()
    assert pressed(page) == ["good"]
    assert "<form" not in page


@pytest.mark.parametrize("role", ["colleague", "outsider"])
def test_an_answer_of_another_person_is_not_found(role: str, signed_in: Any, answer: Message) -> None:
    for reply in (
        rate(signed_in(role), answer, "1"),
        signed_in(role).get(f"/messages/{answer.pk}/feedback"),
    ):
        assert reply.status_code == 404
    assert not Feedback.objects.exists()


def test_signed_out_people_sign_in_first(client: Client, answer: Message) -> None:
    assert rate(client, answer, "1").status_code == 302
    assert not Feedback.objects.exists()


def test_a_question_and_an_unfinished_answer_have_none(browser: Client, chat: Conversation) -> None:
    question = chat.messages.get(role="user")
    assert rate(browser, question, "1").status_code == 422
    running = factories.turn(chat, status="running", answer="", parent=chat.active_leaf)
    assert rate(browser, running.last_message(), "1").status_code == 422
    assert (
        f"/messages/{running.last_message().pk}/feedback" not in browser.get(f"/c/{chat.pk}").content.decode()
    )


def test_it_goes_with_its_conversation(browser: Client, chat: Conversation, answer: Message) -> None:
    rate(browser, answer, "1")
    browser.post(f"/c/{chat.pk}/delete")
    assert Feedback.objects.exists(), "the deletion can be undone"
    Conversation.objects.update(deleted_at=timezone.now() - UNDO_FOR)
    assert remove_conversation(chat.pk)
    assert not Feedback.objects.exists()
