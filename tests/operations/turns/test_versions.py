"""The answers to one message side by side: finished ones, each with all its rounds."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.models import Assistant, Conversation, Turn, User
from chat.operations.turns.versions import MOST_COLUMNS, read_versions
from chat.presentation.messages import version_context
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


def answered(owner: User) -> tuple[Conversation, Turn]:
    chat = factories.conversation(owner)
    turn = factories.turn(chat, answer="First round")
    results = factories.message(chat, turn.messages.get(), "", kind="results", turn=turn)
    factories.message(chat, results, "First answer", role="assistant", turn=turn)
    return chat, turn


def another(chat: Conversation, question: Turn, text: str, status: str = "completed") -> Turn:
    turn = factories.turn(chat, status=status, parent=question.user_message)
    Turn.objects.filter(id=turn.id).update(user_message=question.user_message)
    factories.message(
        chat, question.user_message, text, role="assistant", turn=turn,
        status="complete" if status == "completed" else "streaming",
    )  # fmt: skip
    return turn


def test_each_answer_is_a_page_of_its_own(insider: User) -> None:
    chat, first = answered(insider)
    another(chat, first, "Second answer")
    another(chat, first, "Third ans", status="running")
    factories.message(chat, first.user_message, "Imported", role="assistant")
    versions = read_versions(chat, viewer=insider, message_id=first.user_message_id)
    assert [[row.text for row in one.page.messages] for one in versions] == [
        ["First round", "", "First answer"],
        ["Second answer"],
        ["Imported"],
    ]
    assert not any(one.page.has_more for one in versions)


def test_who_answered_is_named_by_the_ledger(insider: User) -> None:
    chat, first = answered(insider)
    second = another(chat, first, "Second answer")
    made = Assistant.objects.create(name="Guide")
    factories.call(first, assistant=made)
    call = factories.call(second)
    third = factories.message(chat, first.user_message, "Imported", role="assistant")
    versions = read_versions(chat, viewer=insider, message_id=str(first.user_message_id))
    choices = [version_context(one)["choice"] for one in versions]
    assert choices == [f"assistant:{made.id}", f"model:{call.model_id}", ""]
    assert versions[-1].page.messages == [third]


def test_the_newest_are_shown_with_a_bounded_number_of_queries(insider: User) -> None:
    chat, first = answered(insider)
    for number in range(MOST_COLUMNS + 3):
        another(chat, first, str(number))
    with CaptureQueriesContext(connection) as seen:
        versions = read_versions(chat, viewer=insider, message_id=first.user_message_id)
    assert [one.page.messages[0].text for one in versions] == [str(number) for number in range(3, 9)]
    assert len(seen) <= 2 + 14 * MOST_COLUMNS


def test_other_messages_are_not_found(insider: User, outsider: User) -> None:
    chat, turn = answered(insider)
    foreign = factories.conversation(outsider, "a")
    for wanted in (foreign.active_leaf_id, turn.messages.first().id, "x", None):  # type: ignore[union-attr]
        assert refusal_code(read_versions, chat, viewer=insider, message_id=wanted) == "not_found"
