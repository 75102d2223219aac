"""Going on in a new conversation: what the page gets, and what is refused."""

import pytest
from django.test import Client

from chat.models import Conversation, Message, User
from tests import factories


def fork(browser: Client, chat: Conversation, **fields: str) -> tuple[int, str, str]:
    answer = browser.post(f"/c/{chat.pk}/fork", fields)
    return answer.status_code, answer.get("HX-Redirect", ""), answer.content.decode()


def message(chat: Conversation, text: str) -> Message:
    return chat.messages.get(text=text)


def texts(chat: Conversation) -> list[str]:
    return list(chat.messages.order_by("depth").values_list("text", flat=True))


def newest(chat: Conversation) -> Conversation:
    return Conversation.objects.exclude(pk=chat.pk).get()


def test_a_copy_up_to_an_answer_is_opened(browser: Client, insider: User) -> None:
    chat = factories.conversation(insider, "a", "b", "c", "d")
    answer = message(chat, "b")
    assert fork(browser, chat, message=str(answer.pk)) == (204, f"/c/{newest(chat).pk}", "")
    assert texts(newest(chat)) == ["a", "b"]


def test_a_copy_above_a_message_says_where_it_is(browser: Client, insider: User) -> None:
    chat = factories.conversation(insider, "a", "b", "c", "d")
    question = message(chat, "c")
    answer = browser.post(f"/c/{chat.pk}/fork", {"message": str(question.pk), "before": "1"})
    made = newest(chat)
    assert (answer.status_code, answer.get("HX-Redirect")) == (201, None)
    assert answer.json() == {"conversation": str(made.pk), "address": f"/c/{made.pk}"}
    assert texts(made) == ["a", "b"]


@pytest.mark.parametrize("named", ["", "x", "of another conversation"])
def test_only_a_message_of_this_conversation_is_copied(browser: Client, insider: User, named: str) -> None:
    chat, other = (factories.conversation(insider, "a", "b") for _ in range(2))
    identifier = str(other.active_leaf_id) if " " in named else named
    assert fork(browser, chat, message=identifier)[0] == 404
    assert Conversation.objects.count() == 2


def test_a_refusal_is_in_words(browser: Client, insider: User) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, status="running", answer="")
    answer = turn.messages.get(role="assistant")
    response = browser.post(f"/c/{chat.pk}/fork", {"message": str(answer.pk)})
    assert response.status_code == 409
    assert response["Content-Type"].startswith("text/plain")
    assert "<" not in response.content.decode()
    assert Conversation.objects.count() == 1
