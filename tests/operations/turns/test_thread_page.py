"""A page of a conversation: what it reads of its turns, and that rendering it queries nothing."""

from typing import Any

import pytest
from django.template.loader import render_to_string

from chat.models import LanguageModel, User
from chat.operations.turns.thread_page import read_thread_page
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> LanguageModel:
    at = factories.provider("Loopback")
    other = factories.language_model("claude-other", connection=at, prices={}, display_name="Other")
    return factories.language_model("claude-test", connection=at, prices={}, fallback=other)


def rendered(thread: Any) -> str:
    context = {"conversation": thread.conversation, "thread": thread}
    return str(render_to_string("chat/thread/_thread.html", context))


def test_refused_answer_offers_the_fallback_model(
    insider: User, model: LanguageModel, django_assert_num_queries: Any
) -> None:
    chat = factories.conversation(insider)
    refused = factories.turn(chat, status="refused", answer="", model=model)
    factories.turn(chat, answer="Well", parent=refused.messages.get(), model=model)
    page = read_thread_page(chat)
    assert page.other_models == {refused.id: model.fallback}
    assert page.unanswered is None
    with django_assert_num_queries(0):
        assert f'data-retry="{refused.id}" data-model="{model.fallback_id}"' in rendered(page)


def test_ended_turn_without_answer_is_shown(
    insider: User, model: LanguageModel, django_assert_num_queries: Any
) -> None:
    chat = factories.conversation(insider)
    refused = factories.turn(chat, status="refused", model=model)
    page = read_thread_page(chat)
    assert (page.unanswered, page.expects_answer) == (refused, False)
    assert page.other_models == {refused.id: model.fallback}
    with django_assert_num_queries(0):
        shown = rendered(page)
    assert "The model declined to answer." in shown
    assert f'data-model="{model.fallback_id}"' in shown


def test_active_turn_keeps_a_place_for_its_answer(insider: User, django_assert_num_queries: Any) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, status="queued")
    page = read_thread_page(chat)
    assert (page.unanswered, page.expects_answer, page.other_models) == (None, True, {})
    with django_assert_num_queries(0):
        assert f'data-turn="{turn.id}" data-live' in rendered(page)


def test_empty_conversation_has_an_empty_page(insider: User, django_assert_num_queries: Any) -> None:
    page = read_thread_page(factories.conversation(insider))
    assert (page.messages, page.ends_with_question, page.context_used) == ([], False, 0)
    with django_assert_num_queries(0):
        rendered(page)
