"""Conversations: created, titled, branched, read and deleted with a constant number of queries."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.events import payloads
from chat.events.store import Batch
from chat.models import Assistant, Conversation, LanguageModel, Message, User
from chat.operations.conversations.edit import (
    archive_conversations,
    choose_leaf,
    create_conversation,
    update_conversation,
)
from chat.operations.conversations.path import ConversationPath
from chat.operations.conversations.thread import PAGE, read_thread
from tests import factories
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


def queries(function: Callable[..., Any], **fields: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        function(**fields)
    return len(captured)


def test_create(insider: User, model: LanguageModel) -> None:
    assistant = Assistant.objects.create(name="Guide")
    made = create_conversation(owner=insider, assistant_id=assistant.id, model_id=str(model.id))
    assert (made.owner, made.title, made.title_status) == (insider, "", "none")
    assert (made.assistant, made.model, made.active_leaf) == (assistant, model, None)
    named = create_conversation(owner=insider, title=" High \n\x00mountains ")
    assert (named.title, named.title_status) == ("High \ufffdmountains", "done")


def test_update_changes_what_is_given(insider: User, model: LanguageModel) -> None:
    chat = factories.conversation(insider, title="Old")
    update_conversation(user=insider, conversation_id=chat.id, pinned=True, archived=True, model_id=model.id)
    chat.refresh_from_db()
    assert (chat.title, chat.title_status, chat.pinned, chat.archived) == ("Old", "none", True, True)
    update_conversation(user=insider, conversation_id=str(chat.id), title="New", pinned=False, archived=None)
    chat.refresh_from_db()
    assert (chat.title, chat.title_status, chat.pinned, chat.archived) == ("New", "done", False, True)
    assert chat.model == model


@pytest.mark.parametrize("title", ["", " \n", "x" * 201])
def test_titles_have_a_length(insider: User, title: str) -> None:
    chat = factories.conversation(insider, title="Old")
    assert refusal_code(update_conversation, user=insider, conversation_id=chat.id, title=title) == "invalid"


@pytest.mark.parametrize("name", ["assistant_id", "model_id"])
def test_unknown_choices_are_refused(insider: User, name: str) -> None:
    chat = factories.conversation(insider)
    choice = {name: uuid.uuid4()}
    assert refusal_code(update_conversation, user=insider, conversation_id=chat.id, **choice) == "not_found"
    assert refusal_code(create_conversation, owner=insider, **choice) == "not_found"


def test_outsider_finds_nothing(insider: User, outsider: User) -> None:
    chat = factories.conversation(insider, "Question", "Answer")
    for function, target in (
        (update_conversation, {"conversation_id": chat.id, "title": "Taken"}),
        (choose_leaf, {"message_id": chat.active_leaf_id}),
    ):
        assert refusal_code(function, user=outsider, **target) == "not_found"
    theirs = factories.conversation(outsider, "Mine")
    for place in ("leaf", "before"):
        assert refusal_code(read_thread, conversation=theirs, **{place: chat.active_leaf_id}) == "not_found"


def test_thread_reads_the_path_in_pages(insider: User) -> None:
    chat = factories.conversation(insider, *"abcdefg")
    newest = read_thread(chat, limit=3)
    assert [message.text for message in newest.messages] == ["e", "f", "g"]
    assert newest.has_more
    middle = read_thread(chat, before=newest.messages[0].id, limit=3)
    assert [message.text for message in middle.messages] == ["b", "c", "d"]
    first = read_thread(chat, before=middle.messages[0].id, limit=3)
    assert [message.text for message in first.messages] == ["a"]
    assert not first.has_more
    assert read_thread(chat, before=first.messages[0].id).messages == []
    assert read_thread(factories.conversation(insider)).messages == []


def test_thread_knows_versions_and_the_running_answer(insider: User) -> None:
    chat = factories.conversation(insider)
    done = factories.turn(chat, answer="First answer")
    root = done.user_message
    answer = done.messages.get()
    other_root = factories.message(chat, None, "Another beginning")
    second = factories.message(chat, root, "Second answer", role="assistant")
    running = factories.turn(chat, status="running", parent=answer, answer="")
    frame = payloads.encode(
        payloads.turn_started(model="m", assistant_message="a"), turn=str(running.id), seq=1
    )
    Batch(running.id, 1, 1, [frame]).store()
    page = read_thread(chat)
    assert [message.text for message in page.messages] == ["Hello?", "First answer", "Hello?", ""]
    assert page.siblings[root.id] == [root.id, other_root.id]
    assert page.siblings[answer.id] == [answer.id, second.id]
    assert page.siblings[running.user_message_id] == [running.user_message_id]
    assert (page.active_turn, page.state.status if page.state else "") == (running, "running")
    branch = read_thread(chat, leaf=second.id)
    assert [message.text for message in branch.messages] == ["Hello?", "Second answer"]


def test_reading_takes_a_constant_number_of_queries(insider: User, django_assert_num_queries: Any) -> None:
    short, long = (factories.long_conversation(insider, length) for length in (100, 1000))
    for chat in (short, long):
        with django_assert_num_queries(3):
            page = read_thread(chat)
        assert (len(page.messages), page.has_more) == (PAGE, True)
        assert page.messages[-1].turn.model.model_id == "claude-test"
        with django_assert_num_queries(1):
            path = ConversationPath.to(chat.active_leaf_id)
        assert [message.depth for message in path.messages] == list(range(chat.messages.count()))


def test_choosing_takes_a_constant_number_of_queries(insider: User) -> None:
    costs = set()
    for length in (100, 1000):
        chat = factories.long_conversation(insider, length)
        root = chat.messages.get(parent=None)
        costs.add(queries(choose_leaf, user=insider, message_id=root.id))
        leaf = chat.active_leaf_id
        chat.refresh_from_db()
        assert chat.active_leaf_id == leaf
    assert len(costs) == 1


def test_branches_are_walked_on_every_database(any_database: str) -> None:
    chat = factories.long_conversation(factories.person(), 20)
    chosen = choose_leaf(user=chat.owner, message_id=chat.messages.get(depth=3).id)
    assert chosen.active_leaf_id == chat.active_leaf_id
    assert [message.depth for message in ConversationPath.to(chat.messages.get(depth=5).id).messages] == list(
        range(6)
    )


def test_a_branch_shows_its_newest_leaf(insider: User) -> None:
    chat = factories.conversation(insider, "Root", "Old answer", "Old question")
    root = chat.messages.get(text="Root")
    new = factories.message(chat, root, "New answer", role="assistant")
    left = factories.message(chat, new, "Left")
    right = factories.message(chat, new, "Right")
    assert choose_leaf(user=insider, message_id=new.id).active_leaf_id == right.id
    # A clock that jumped back must not make a message with children the end of a branch.
    Message.objects.filter(id__in=[left.id, right.id]).update(
        created_at=new.created_at - dt.timedelta(days=1)
    )
    assert choose_leaf(user=insider, message_id=new.id).active_leaf_id in {left.id, right.id}
    old = chat.messages.get(text="Old answer")
    assert choose_leaf(user=insider, message_id=old.id).active_leaf.text == "Old question"


def test_running_answer_blocks_other_changes(insider: User) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, status="running", answer="")
    assert refusal_code(choose_leaf, user=insider, message_id=turn.user_message_id) == "busy"


def test_a_thread_has_the_tool_calls_of_its_answers(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="waiting", answer="Let me see.")
    calls = [factories.tool_call(turn), factories.tool_call(turn, "done")]
    answer = turn.messages.get()
    answer.content += [
        {"type": "tool_use", "id": call.tool_use_id, "name": call.name, "input": call.input} for call in calls
    ]
    answer.save()
    page = read_thread(turn.conversation)
    assert page.tool_calls == {answer.id: {call.tool_use_id: call for call in calls}}


def test_many_are_archived_in_as_many_queries_as_one(insider: User, outsider: User) -> None:
    theirs, already = factories.conversation(outsider), factories.conversation(insider, archived=True)
    costs = set()
    for count in (2, 40):
        ids = [factories.conversation(insider).id for _ in range(count)]
        wanted = [str(one) for one in [*ids, theirs.id, already.id]]
        costs.add(queries(archive_conversations, user=insider, conversation_ids=wanted, archived=True))
        assert Conversation.objects.filter(id__in=ids, archived=True).count() == count
        again = archive_conversations(user=insider, conversation_ids=ids, archived=False)
        assert set(again) == set(ids)
    assert len(costs) == 1
    theirs.refresh_from_db()
    assert theirs.archived is False
    gone = {"conversation_ids": [theirs.id, "no id"], "archived": True}
    assert refusal_code(archive_conversations, user=insider, **gone) == "not_found"
