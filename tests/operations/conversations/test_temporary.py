"""Temporary conversations: reached by their id alone, without a title, and ended by leaving or by their time."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from chat import access
from chat.engine.viewers.remote_turns import conversation_news
from chat.models import Conversation, LanguageModel, User, Workspace
from chat.operations.conversations import temporary, titles
from chat.operations.conversations.edit import archive_conversations, create_conversation
from chat.operations.deletion.hide import delete_conversations, restore_conversations
from chat.operations.deletion.remove import remove_due
from tests import factories
from tests.support import turns
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def begin(owner: User, model: LanguageModel, **fields: Any) -> Conversation:
    request = {"text": "How high is it?", "model_id": model.id, "client_id": uuid.uuid4(), "temporary": True}
    return turns.start_turn(author=owner, **{**request, **fields}).turn.conversation


def left_at(chat: Conversation) -> dt.datetime:
    return Conversation.objects.values_list("expires_at", flat=True).get(id=chat.id)


def test_it_is_reached_by_its_id_alone(insider: User, outsider: User, model: LanguageModel) -> None:
    chat = begin(insider, model)
    assert (chat.is_temporary, chat.title, str(chat)) == (True, "", "Temporary chat")
    assert access.find_conversation(insider, chat.id) == chat
    assert access.find_conversation(outsider, chat.id) is None
    assert not access.conversations(insider).exists()
    chat.turns.update(status="completed", finished_at=timezone.now())
    assert not titles.needs_title(chat.id)
    assert titles.claim_title(str(chat.id)) is None
    pins = {"conversation_ids": [chat.id], "archived": True}
    assert refusal_code(archive_conversations, user=insider, **pins) == "not_found"
    more = begin(insider, model, conversation_id=chat.id, temporary=False)
    assert (more.id, more.is_temporary, more.title) == (chat.id, True, "")


def test_only_a_new_conversation_becomes_temporary(insider: User, model: LanguageModel) -> None:
    chat = factories.conversation(insider, "Hello", model=model)
    assert not begin(insider, model, conversation_id=chat.id).is_temporary
    assert create_conversation(owner=insider, temporary=True).is_temporary
    assert not create_conversation(owner=insider).is_temporary


def test_it_lives_for_the_time_that_staff_set(insider: User, model: LanguageModel) -> None:
    Workspace.objects.create(temporary_hours=2)
    chat = begin(insider, model)
    assert dt.timedelta(hours=2) - MINUTE < left_at(chat) - timezone.now() <= dt.timedelta(hours=2)
    Conversation.objects.update(expires_at=timezone.now())
    assert access.find_conversation(insider, chat.id) is None, "also before a job has run"
    assert conversation_news([chat.id], timezone.now())[0]["type"] == "conversation.deleted"
    chat.turns.update(status="completed", finished_at=timezone.now())
    assert remove_due() == 1


def test_who_leaves_can_come_back_for_a_minute(insider: User, model: LanguageModel) -> None:
    chat = begin(insider, model)
    whole = left_at(chat)
    temporary.leave(chat)
    assert left_at(chat) - timezone.now() <= MINUTE
    since = timezone.now()
    temporary.return_to(chat)
    assert abs(left_at(chat) - whole) < MINUTE
    assert [news["type"] for news in conversation_news([chat.id], since)] == ["conversation.updated"]
    temporary.return_to(chat)
    assert Conversation.objects.get(id=chat.id).updated_at < timezone.now()


def test_leaving_never_makes_its_life_longer(insider: User) -> None:
    chat = factories.conversation(insider, expires_at=timezone.now() + dt.timedelta(seconds=5))
    temporary.leave(chat)
    assert left_at(chat) == chat.expires_at
    Conversation.objects.update(expires_at=timezone.now() - MINUTE)
    ended = left_at(chat)
    temporary.return_to(chat)
    assert left_at(chat) == ended, "what has ended does not come back"


def test_other_conversations_are_not_left(insider: User) -> None:
    chat = factories.conversation(insider)
    temporary.leave(chat)
    temporary.return_to(chat)
    chat.refresh_from_db()
    assert chat.expires_at is None


def test_deleting_one_is_for_good(insider: User) -> None:
    chat = factories.conversation(insider, "Hello", expires_at=timezone.now() + MINUTE)
    listed = factories.conversation(insider, "Hello")
    both = {"conversation_ids": [chat.id, listed.id]}
    assert delete_conversations(user=insider, **both) == [listed.id]
    assert list(Conversation.objects.all()) == [listed]
    assert restore_conversations(user=insider, **both) == [listed.id]


def test_one_whose_answer_runs_goes_with_the_next_job(insider: User) -> None:
    chat = factories.conversation(insider, expires_at=timezone.now() + MINUTE)
    turn = factories.turn(chat, status="running", answer="Half")
    assert delete_conversations(user=insider, conversation_ids=[chat.id]) == []
    gone = {"conversation_ids": [chat.id]}
    assert refusal_code(restore_conversations, user=insider, **gone) == "not_found"
    type(turn).objects.update(status="stopped", finished_at=timezone.now())
    assert remove_due() == 1
