"""What became of temporary and deleted chats elsewhere.

LibreChat #8843 (an end that could not be computed made the chat an ordinary one), #10747 and #10829 (files stayed),
#10872 (found by search), #5493 (messages outlived their chat); Open WebUI #15105 and #12367 (files of a temporary
chat stayed), #11582 (files of a deleted one), #7181 (a deleted file could not be uploaded again); airunner #874
(messages of a deleted chat stayed).
"""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from chat.models import ApiCall, Attachment, Conversation, FileUsage, StoredFile, User, Workspace
from chat.models.transcript.conversations import UNDO_FOR
from chat.operations.deletion.hide import delete_conversations
from chat.operations.deletion.remove import remove_due
from chat.operations.files.uploads import store_upload
from chat.tools.builtin import search_conversations
from chat.tools.result import ToolContext
from tests import factories
from tests.support import turns
from tests.support.refusals import refusal_code

pytestmark = pytest.mark.django_db
WORD = "Zanzibar"


def begin(owner: User, **fields: Any) -> Any:
    request = {
        "text": f"Where is {WORD}?",
        "client_id": uuid.uuid4(),
        "model_id": factories.language_model().id,
    }
    return turns.start_turn(author=owner, **{**request, "temporary": True, **fields}).turn


def answered(owner: User, **fields: Any) -> Any:
    """Begin a chat and have it answered, with a tool call and a bill."""
    turn = begin(owner, **fields)
    answer = factories.message(
        turn.conversation, turn.user_message, f"{WORD} is an island.", role="assistant", turn=turn
    )
    Conversation.objects.filter(id=turn.conversation_id).update(active_leaf=answer)
    factories.tool_call(turn, "done", input={"query": WORD})
    factories.call(turn)
    type(turn).objects.filter(id=turn.id).update(status="completed", finished_at=timezone.now())
    return turn


def rows_with_the_word() -> list[str]:
    """Return each table that has the word in any column."""
    return [
        table._meta.label
        for table in apps.get_app_config("chat").get_models()
        for values in table.objects.values_list(*(column.attname for column in table._meta.concrete_fields))
        if WORD in str(values)
    ]


@pytest.mark.parametrize("hours", [None, 1, 720])
def test_the_end_is_there_from_the_first_row_on(insider: User, hours: int | None) -> None:
    if hours:
        Workspace.objects.create(temporary_hours=hours)
    chat = begin(insider).conversation
    assert timezone.now() < chat.expires_at <= timezone.now() + dt.timedelta(hours=hours or 24)


def test_no_search_and_no_list_finds_one(insider: User, client: Client) -> None:
    chat = answered(insider).conversation
    client.force_login(insider)
    for address in (
        "/",
        f"/sidebar?q={WORD}",
        "/sidebar?archived=1",
        f"/palette?q={WORD}",
        "/api/v1/conversations",
    ):
        text = client.get(address).content.decode().replace(f"q={WORD}", "")
        assert str(chat.id) not in text
    assert search_conversations(ToolContext(user_id=insider.id), query=WORD) == []
    page = client.get(f"/c/{chat.id}").content.decode()
    assert f"{WORD} is an island." in page, "its own page shows it within its life"


@pytest.mark.parametrize("end", ["left", "closed", "too old"])
def test_nothing_of_one_is_left_but_the_ledger(insider: User, end: str) -> None:
    file = store_upload(owner=insider, name=f"{WORD}.txt", data=f"{WORD} in a file".encode())
    turn = answered(insider, attachments=[str(file.id)])
    assert "chat.Message" in rows_with_the_word()
    if end == "closed":
        delete_conversations(user=insider, conversation_ids=[turn.conversation_id])
    else:
        Conversation.objects.update(expires_at=timezone.now())
    remove_due()
    assert rows_with_the_word() == []
    assert not default_storage.exists(file.original.path)
    assert not StoredFile.objects.exists()
    assert FileUsage.objects.get(user=insider).total_bytes == 0
    assert list(ApiCall.objects.values_list("conversation", "turn", "message")) == [(None, None, None)]


def test_a_file_that_a_kept_chat_has_too_stays(insider: User) -> None:
    file = store_upload(owner=insider, name="map.txt", data=b"A map")
    kept = answered(insider, attachments=[str(file.id)], temporary=False)
    answered(insider, attachments=[str(file.id)])
    Conversation.objects.exclude(id=kept.conversation_id).update(expires_at=timezone.now())
    assert remove_due() == 1
    assert list(kept.user_message.attachments.all()) == [file]
    assert default_storage.exists(file.original.path)


def test_a_file_of_a_deleted_chat_is_uploaded_and_sent_again(insider: User) -> None:
    file = store_upload(owner=insider, name="map.txt", data=b"A map")
    turn = answered(insider, attachments=[str(file.id)], temporary=False)
    delete_conversations(user=insider, conversation_ids=[turn.conversation_id])
    again = store_upload(owner=insider, name="map.txt", data=b"A map")
    Conversation.objects.update(deleted_at=timezone.now() - UNDO_FOR)
    Attachment.objects.update(created_at=timezone.now())
    assert remove_due() == 1
    sent = begin(insider, attachments=[str(again.id)], temporary=False)
    assert [row.name for row in sent.user_message.attachments.all()] == ["map.txt"]
    assert default_storage.exists(again.original.path)


def test_an_old_page_writes_nothing_into_one_that_ended(insider: User) -> None:
    chat = answered(insider).conversation
    Conversation.objects.update(expires_at=timezone.now())
    on = {"author": insider, "conversation_id": chat.id, "text": "On", "client_id": uuid.uuid4()}
    assert refusal_code(turns.start_turn, **on) == "not_found"
