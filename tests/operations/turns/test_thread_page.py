"""A page of a conversation: what it reads of its turns, and that rendering it queries nothing."""

from typing import Any

import pytest
from django.template.loader import render_to_string

from chat.models import Conversation, LanguageModel, Message, User
from chat.operations.conversations.thread import read_thread
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
    page = read_thread_page(chat, viewer=insider)
    assert page.other_models == {refused.id: model.fallback}
    assert page.unanswered is None
    with django_assert_num_queries(0):
        assert f'data-retry="{refused.id}" data-model="{model.fallback_id}"' in rendered(page)


def test_ended_turn_without_answer_is_shown(
    insider: User, model: LanguageModel, django_assert_num_queries: Any
) -> None:
    chat = factories.conversation(insider)
    refused = factories.turn(chat, status="refused", model=model)
    page = read_thread_page(chat, viewer=insider)
    assert (page.unanswered, page.expects_answer) == (refused, False)
    assert page.other_models == {refused.id: model.fallback}
    with django_assert_num_queries(0):
        shown = rendered(page)
    assert "The model declined to answer." in shown
    assert f'data-model="{model.fallback_id}"' in shown


def test_active_turn_keeps_a_place_for_its_answer(insider: User, django_assert_num_queries: Any) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, status="queued")
    page = read_thread_page(chat, viewer=insider)
    assert (page.unanswered, page.expects_answer, page.other_models) == (None, True, {})
    with django_assert_num_queries(0):
        assert f'data-turn="{turn.id}" data-live' in rendered(page)


def test_empty_conversation_has_an_empty_page(insider: User, django_assert_num_queries: Any) -> None:
    page = read_thread_page(factories.conversation(insider), viewer=insider)
    assert (page.messages, page.ends_with_question, page.context_used) == ([], False, 0)
    with django_assert_num_queries(0):
        rendered(page)


def loop(chat: Conversation, rounds: int, parent: Message | None = None) -> list[Message]:
    """Create a turn of some rounds with tools; return its messages."""
    turn = factories.turn(chat, answer="0", parent=parent)
    made = [turn.messages.get()]
    for number in range(1, rounds):
        results = factories.message(chat, made[-1], "", kind="results", turn=turn)
        made += [results, factories.message(chat, results, str(number), role="assistant", turn=turn)]
    Conversation.objects.filter(id=chat.id).update(active_leaf=made[-1])
    chat.refresh_from_db()
    return made


def test_a_page_begins_with_a_whole_turn(insider: User, django_assert_num_queries: Any) -> None:
    chat = factories.conversation(insider)
    first = loop(chat, 3)
    later = loop(chat, 4, parent=first[-1])
    page = read_thread_page(chat, viewer=insider, limit=2)
    assert page.messages == later
    assert page.has_more
    assert [entry.messages for entry in page.entries] == [later[::2]]
    above = read_thread_page(chat, viewer=insider, before=later[0].id, limit=2)
    assert [entry.is_answer for entry in above.entries] == [True, False]
    assert above.messages[:-1] == first
    top = read_thread_page(chat, viewer=insider, before=first[0].id, limit=2)
    assert ([entry.is_answer for entry in top.entries], top.has_more) == ([False], False)
    with django_assert_num_queries(0):
        assert rendered(page).count("<article") == 1
    question = read_thread_page(chat, viewer=insider, limit=len(later) + 1)
    assert question.messages == [later[0].parent, *later]


def test_pages_of_the_api_keep_their_length(insider: User) -> None:
    chat = factories.conversation(insider)
    loop(chat, 4)
    assert len(read_thread(chat, limit=2).messages) == 2


def test_the_last_answer_says_how_full_the_context_is(insider: User) -> None:
    chat = factories.conversation(insider)
    first = factories.turn(chat, answer="One")
    factories.call(first, usage={"input_tokens": 10, "output_tokens": 5})
    second = factories.turn(chat, answer="Two", parent=first.messages.get())
    factories.call(second, status="failed", usage=None)
    assert read_thread_page(chat, viewer=insider).context_used == 15
    factories.call(second, usage={"input_tokens": 20, "output_tokens": 5})
    assert read_thread_page(chat, viewer=insider).context_used == 25
    summary = factories.message(chat, second.messages.get(), "So far", kind="summary")
    Conversation.objects.filter(id=chat.id).update(active_leaf=summary)
    chat.refresh_from_db()
    assert read_thread_page(chat, viewer=insider).context_used == 0


def test_the_divider_of_a_continuation_replaces_the_ending(insider: User) -> None:
    chat = factories.conversation(insider)
    stopped = factories.turn(chat, status="stopped", answer="Part").messages.get()
    asked = factories.message(chat, stopped, "", kind="continue")
    Conversation.objects.filter(id=chat.id).update(active_leaf=asked)
    chat.refresh_from_db()
    assert "You stopped this answer." not in rendered(read_thread_page(chat, viewer=insider))
    above = read_thread_page(chat, viewer=insider, before=asked.id)
    assert "You stopped this answer." not in rendered(above)
    Conversation.objects.filter(id=chat.id).update(active_leaf=stopped)
    chat.refresh_from_db()
    assert "You stopped this answer." in rendered(read_thread_page(chat, viewer=insider))


ENDS = [
    ("stopped", "", "", False, False),
    ("stopped", "", " ", False, False),
    ("stopped", "", "Part", False, True),
    ("stopped", "", "", True, True),
    ("interrupted", "", "", False, False),
    ("completed", "max_tokens", "", False, False),
    ("completed", "max_tokens", "Part", False, True),
    ("completed", "tool_use", "", True, True),
    ("completed", "end_turn", "Whole", False, False),
]


@pytest.mark.parametrize("end", ENDS)
def test_continue_is_offered_where_something_was_kept(
    end: tuple[str, str, str, bool, bool], insider: User
) -> None:
    status, reason, text, results, continues = end
    chat = factories.conversation(insider)
    turn = factories.turn(chat, status=status, stop_reason=reason, answer=text)
    if results:
        leaf = factories.message(chat, turn.messages.get(), "", kind="results", turn=turn)
        Conversation.objects.filter(id=chat.id).update(active_leaf=leaf)
        chat.refresh_from_db()
    page = rendered(read_thread_page(chat, viewer=insider))
    assert ("data-continue" in page) is continues
    assert "data-retry" in page
    assert page.count("data-footer") == 1


def test_an_answer_of_a_schema_is_asked_for_again(insider: User) -> None:
    chat = factories.conversation(insider)
    schema = {"type": "object"}
    factories.turn(chat, status="stopped", answer='{"a":1}', output_schema=schema)
    page = rendered(read_thread_page(chat, viewer=insider))
    assert "data-continue" not in page
    assert 'data-raw="{&quot;a&quot;:1}"' in page


def test_thoughts_have_the_times_that_were_kept(insider: User) -> None:
    chat = factories.conversation(insider)
    message = factories.turn(chat, answer="").messages.get()
    message.content = [
        {"type": "redacted_thinking", "data": "x"},
        {"type": "thinking", "thinking": "First"},
        {"type": "text", "text": "Well\r\nthen"},
        {"type": "thinking", "thinking": "Second"},
    ]
    message.thinking_seconds = [4.2, 1.0]
    message.text = "Well"
    message.save()
    page = rendered(read_thread_page(chat, viewer=insider))
    assert page.count('data-seconds="') == 2
    assert page.index('data-seconds="4.2"') < page.index("Well&#13;\nthen") < page.index('data-seconds="1.0"')
    assert "Thought for 1 s" in page


def test_an_empty_conversation_says_what_to_do(insider: User) -> None:
    assert "no messages yet" in rendered(read_thread_page(factories.conversation(insider), viewer=insider))
    chat = factories.conversation(insider, "Hello")
    assert "no messages yet" not in rendered(read_thread_page(chat, viewer=insider))
