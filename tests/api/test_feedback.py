"""Feedback over the JSON API."""

from chat.models import Conversation, Feedback
from tests.api.people import BASE, Person


def address(chat: Conversation) -> str:
    return f"{BASE}/messages/{chat.active_leaf_id}/feedback"


def send(person: Person, chat: Conversation, **body: object) -> object:
    return person.client().post(address(chat), body, content_type="application/json")


def test_an_opinion_is_given_read_replaced_and_taken_back(insider: Person, chat: Conversation) -> None:
    given = send(insider, chat, rating=-1, reason="missed", words="Not the tower.")
    told = {
        "message": str(chat.active_leaf_id), "rating": -1, "reason": "missed", "words": "Not the tower.",
    }  # fmt: skip
    assert given.json() == insider.client().get(address(chat)).json() == told  # type: ignore[attr-defined]
    assert send(insider, chat, rating=1).json() == {**told, "rating": 1, "reason": "", "words": ""}  # type: ignore[attr-defined]
    assert send(insider, chat, rating=None).json()["rating"] is None  # type: ignore[attr-defined]
    assert not Feedback.objects.exists()


def test_wrong_values_are_refused(insider: Person, chat: Conversation) -> None:
    for body in ({}, {"rating": 0}, {"rating": True}, {"rating": "1"}, {"rating": 1, "reason": "wrong"}):
        assert send(insider, chat, **body).status_code == 422  # type: ignore[attr-defined]
    assert not Feedback.objects.exists()
