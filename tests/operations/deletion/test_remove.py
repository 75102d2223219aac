"""Deleting for good: rows, files and their bytes go, ledger rows stay, and what runs is stopped first."""

from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import ApiCall, Attachment, Conversation, Message, StoredFile, ToolCall, Turn, User
from chat.models.transcript.conversations import UNDO_FOR
from chat.operations.deletion import remove
from chat.operations.deletion.remove import remove_conversation, remove_due
from chat.operations.files.uploads import store_upload
from chat.tasks import remove_conversations_task
from tests import factories
from tests.support.deletion import delete_for_good

pytestmark = pytest.mark.django_db


def due(chat: Conversation) -> None:
    Conversation.objects.filter(id=chat.id).update(deleted_at=timezone.now() - UNDO_FOR)


def test_a_long_one_takes_as_many_queries_as_a_short_one(insider: User) -> None:
    kept = factories.long_conversation(insider, 4)
    costs = set()
    for length in (100, 1000):
        chat = factories.long_conversation(insider, length)
        due(chat)
        with CaptureQueriesContext(connection) as captured:
            assert remove_conversation(chat.id)
        costs.add(len(captured))
        assert not Message.objects.filter(conversation_id=chat.id).exists()
    assert len(costs) == 1
    connection.check_constraints()
    assert ApiCall.objects.count() == 50 + 500 + 2
    assert ApiCall.objects.filter(conversation=None, turn=None, message=None).count() == 550
    assert (Turn.objects.count(), kept.messages.count()) == (2, 4)


def test_it_holds_on_every_database(any_database: str) -> None:
    chat = factories.long_conversation(factories.person(), 40)
    delete_for_good(chat)
    assert [rows.objects.count() for rows in (Conversation, Message, Turn)] == [0, 0, 0]
    assert ApiCall.objects.count() == 20


def test_tool_calls_and_the_bytes_of_files_go(insider: User, outsider: User) -> None:
    turn = factories.turn(factories.conversation(insider), answer="Let me see.")
    factories.tool_call(turn, "done")
    own, shared = (store_upload(owner=insider, name=f"{data}.txt", data=data.encode()) for data in "ab")
    theirs = store_upload(owner=outsider, name="b.txt", data=b"b")
    turn.user_message.attachments.add(own, shared)
    path = own.original.path
    delete_for_good(turn.conversation)
    assert not ToolCall.objects.exists()
    assert list(Attachment.objects.all()) == [theirs]
    assert list(StoredFile.objects.all()) == [theirs.original], "another person has these bytes"
    assert (default_storage.exists(path), default_storage.exists(theirs.original.path)) == (False, True)


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
def test_an_answer_ends_before_its_rows_go(insider: User, status: str) -> None:
    chat = factories.conversation(insider)
    turn = factories.turn(chat, status=status, answer="Half" if status == "running" else None)
    due(chat)
    assert remove_due() == (0 if status == "running" else 1)
    if status == "running":
        turn.refresh_from_db()
        assert turn.stop_requested_at is not None
        Turn.objects.update(status="stopped", finished_at=timezone.now())
        assert remove_due() == 1
    assert not Conversation.objects.exists()


def test_only_what_is_due_goes(insider: User, caplog: Any) -> None:
    kept, hidden, over = (factories.conversation(insider, "Hello") for _ in range(3))
    Conversation.objects.filter(id=hidden.id).update(deleted_at=timezone.now())
    due(over)
    remove_conversations_task()
    assert set(Conversation.objects.all()) == {kept, hidden}
    assert not remove_conversation(kept.id)
    assert not remove_conversation(over.id), "it went already"
    remove_conversations_task()


def test_one_that_fails_holds_up_no_other(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, other = (factories.conversation(insider, "Hello") for _ in range(2))
    due(broken)
    due(other)
    whole = remove.delete_rows

    def failing(conversation: Conversation) -> None:
        if conversation.id == broken.id:
            raise DatabaseError
        whole(conversation)

    monkeypatch.setattr(remove, "delete_rows", failing)
    assert remove_due() == 1
    assert list(Conversation.objects.all()) == [broken]
