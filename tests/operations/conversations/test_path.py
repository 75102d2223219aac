"""The path of a conversation, and where messages are put into the tree."""

import uuid

import pytest
from django.utils import timezone

from chat.models import Message, User
from chat.operations.conversations.path import ConversationPath
from tests import factories

pytestmark = pytest.mark.django_db


def test_nothing_is_on_the_path_to_no_message(insider: User) -> None:
    assert ConversationPath.to(None) == ConversationPath.to(uuid.uuid4()) == ConversationPath()
    assert ConversationPath().leaf is None
    assert ConversationPath().calls == []


def test_a_path_leads_past_other_branches(insider: User) -> None:
    chat = factories.conversation(insider, "one", "two", "three")
    branch = factories.message(chat, chat.messages.get(text="two"), "other")
    path = ConversationPath.to(branch.id)
    assert [message.text for message in path.messages] == ["one", "two", "other"]
    lowest = Message.objects.path_to(branch.id, limit=2)
    assert [message.text for message in lowest] == ["two", "other"]


def test_appending_sets_the_place_in_the_tree(insider: User) -> None:
    chat = factories.conversation(insider)
    root = Message.objects.append(after=None, conversation=chat, role="user", content=[])
    answer = Message.objects.append(after=root, role="assistant", content=[])
    assert (root.parent, root.depth, root.conversation) == (None, 0, chat)
    assert (answer.parent, answer.depth, answer.conversation_id) == (root, 1, chat.id)


def test_inserting_moves_the_message_down(insider: User) -> None:
    chat = factories.conversation(insider, "one", "two", "three")
    last = chat.messages.get(text="three")
    inserted = Message.objects.insert_before(last, role="user", kind="summary", content=[])
    path = ConversationPath.to(last.id)
    assert [message.depth for message in path.messages] == [0, 1, 2, 3]
    assert path.messages[2] == inserted
    assert path.awaits_summary


def test_calls_of_the_path_are_settled_and_billed(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), answer="Yes.")
    counted = factories.call(turn, started_at=timezone.now())
    factories.call(turn, status="failed", usage=None)
    newest = factories.call(turn, status="failed")
    path = ConversationPath.to(turn.conversation.active_leaf_id)
    assert path.calls == [counted, newest]
    assert path.last_counted() == counted
    assert path.below(turn.user_message_id) == path.messages[1:]
