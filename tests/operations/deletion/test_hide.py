"""Deleting with undo: gone everywhere at once, restored as it was, and with a constant number of queries."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat import access
from chat.engine.viewers.remote_turns import conversation_news
from chat.models import Conversation, Turn, User
from chat.models.transcript.conversations import UNDO_FOR
from chat.operations.conversations import titles
from chat.operations.conversations.edit import update_conversation
from chat.operations.deletion.hide import delete_conversations, restore_conversations
from chat.operations.turns.subscription import subscribe
from chat.tools.builtin import search_conversations
from chat.tools.result import ToolContext
from tests import factories
from tests.support import turns
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db


def delete(owner: User, *chats: Conversation) -> list[Any]:
    return delete_conversations(user=owner, conversation_ids=[str(chat.id) for chat in chats])


def restore(owner: User, *chats: Conversation) -> list[Any]:
    return restore_conversations(user=owner, conversation_ids=[chat.id for chat in chats])


def queries(run: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        run()
    return len(captured)


def places(owner: User, chat: Conversation) -> dict[str, bool]:
    """Return where its owner finds a conversation with one answered turn and a tool call."""
    turn = chat.turns.get()
    long_ago = timezone.now() - dt.timedelta(days=1)
    news = conversation_news([chat.id], long_ago)
    context = ToolContext(user_id=owner.id, conversation_id=None)
    return {
        "lists": access.conversations(owner).filter(id=chat.id).exists(),
        "page": access.find_conversation(owner, chat.id) is not None,
        "turn": access.find_turn(owner, turn.id) is not None,
        "message": access.find_message(owner, turn.user_message_id) is not None,
        "tool call": access.find_tool_call(owner, turn.tool_calls.get().id) is not None,
        "search tool": bool(search_conversations(context, query="high")),
        "viewers": news[0]["type"] == "conversation.updated",
        "title job": titles.needs_title(chat.id),
    }


def test_a_deletion_and_its_undo_hold_everywhere(insider: User) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, text="How high is it?", answer="Very high.")
    factories.tool_call(turn, "done")
    assert set(places(insider, chat).values()) == {True}
    assert delete(insider, chat) == [chat.id]
    assert set(places(insider, chat).values()) == {False}
    for function, fields in (
        (update_conversation, {"conversation_id": chat.id, "title": "New"}),
        (turns.start_turn, {"conversation_id": chat.id, "text": "On", "client_id": uuid.uuid4()}),
        (delete_conversations, {"conversation_ids": [chat.id]}),
    ):
        person = {"author": insider} if function is turns.start_turn else {"user": insider}
        assert refusal_code(function, **person, **fields) == "not_found"
    assert refusal_code(subscribe, user=insider, conversation_id=chat.id) == "not_found"
    assert restore(insider, chat) == [chat.id]
    assert set(places(insider, chat).values()) == {True}


def test_other_people_can_neither_delete_nor_restore(insider: User, outsider: User) -> None:
    chat, kept = factories.conversation(insider), factories.conversation(insider)
    gone = {"conversation_ids": [chat.id]}
    assert refusal_code(delete_conversations, user=outsider, **gone) == "not_found"
    assert delete(insider, chat) == [chat.id]
    assert refusal_code(restore_conversations, user=outsider, **gone) == "not_found"
    insider.is_active = False
    assert list(access.deleted_conversations(insider)) == []
    assert refusal_code(restore_conversations, user=insider, **gone) == "not_found"
    assert list(Conversation.objects.living()) == [kept]


def test_undo_has_an_end(insider: User) -> None:
    chat = factories.conversation(insider)
    delete(insider, chat)
    Conversation.objects.update(deleted_at=timezone.now() - UNDO_FOR)
    assert refusal_code(restore_conversations, user=insider, conversation_ids=[chat.id]) == "not_found"


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
def test_deleting_stops_what_is_under_way(insider: User, status: str) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, status=status, answer="Half" if status == "running" else None)
    delete(insider, chat)
    turn.refresh_from_db()
    assert turn.stop_requested_at is not None
    assert turn.status == ("running" if status == "running" else "stopped")
    restore(insider, chat)
    turn.refresh_from_db()
    assert turn.status != status or status == "running"


def test_many_take_as_many_queries_as_one(insider: User) -> None:
    costs: dict[str, set[int]] = {"delete": set(), "restore": set()}
    delete(insider, factories.conversation(insider))  # writes the row of what the person has stored
    for count in (1, 30):
        chats = [factories.long_conversation(insider, 2) for _ in range(count)]
        costs["delete"].add(queries(lambda chats=chats: delete(insider, *chats)))
        costs["restore"].add(queries(lambda chats=chats: restore(insider, *chats)))
    assert {name: len(found) for name, found in costs.items()} == {"delete": 1, "restore": 1}


def test_a_message_and_a_deletion_at_once(any_database: str, at_once: Callable[..., list[Any]]) -> None:
    """Either the message is refused, or the answer that it began is stopped."""
    owner, model = factories.person(), factories.language_model()
    for _try in range(6):
        chat = factories.conversation(owner, "Hello", model=model)
        steps = iter(
            [
                lambda chat=chat: delete(owner, chat),
                lambda chat=chat: turns.start_turn(
                    author=owner, conversation_id=chat.id, text="On", client_id=uuid.uuid4()
                ),
            ]
        )
        results = at_once(lambda steps=steps: next(steps)(), 2)
        refused = [getattr(one, "code", one) for one in results if isinstance(one, Exception)]
        assert refused in ([], ["not_found"])
        assert not Turn.objects.active().filter(conversation=chat).exists()
        assert not Conversation.objects.living().filter(id=chat.id).exists()
