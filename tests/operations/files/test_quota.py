"""Limits of what a person may store and upload in a day: counted once for each content, and given back."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import Attachment, Conversation, FileUsage, User, Workspace
from chat.models.transcript.conversations import UNDO_FOR
from chat.operations.deletion.hide import delete_conversations, restore_conversations
from chat.operations.deletion.remove import remove_due
from chat.operations.errors import OperationError
from chat.operations.files import quota
from chat.operations.files.uploads import UNSENT_FOR, clear_unused_files, reuse_upload, store_upload
from tests import factories
from tests.support import turns
from tests.support.deletion import delete_for_good
from tests.support.refusals import refusal

pytestmark = pytest.mark.django_db
HALF = 600_000


def limits(**fields: int) -> None:
    Workspace.objects.update_or_create(id=1, defaults={"daily_upload_mb": 0, "stored_files_mb": 0, **fields})


def text(letter: str, size: int = HALF) -> bytes:
    return letter.encode() * size


def upload(owner: User, letter: str, name: str = "a.txt") -> Attachment:
    return store_upload(owner=owner, name=name, data=text(letter))


def reuse(owner: User, letter: str) -> Attachment | None:
    return reuse_upload(owner=owner, name="a.txt", digest=hashlib.sha256(text(letter)).hexdigest())


@pytest.mark.parametrize(
    ("field", "refusal_of_it"),
    [("daily_upload_mb", ("upload_limit", 429)), ("stored_files_mb", ("storage_full", 409))],
)
def test_a_person_reaches_a_limit(
    insider: User,
    outsider: User,
    field: str,
    refusal_of_it: tuple[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits(**{field: 1})
    upload(insider, "a")
    monkeypatch.setattr("chat.operations.files.uploads._read", lambda *_: pytest.fail("read in vain"))
    refused = refusal(upload, insider, "b")
    assert (refused.code, refused.status) == refusal_of_it
    assert "1 MB" in refused.message
    assert (refused.retry_after_seconds is not None) == (refused.status == 429)
    monkeypatch.undo()
    assert upload(outsider, "b").owner == outsider, "each person has limits of their own"
    limits()
    upload(insider, "b")
    assert FileUsage.objects.get(user=insider).total_bytes == 2 * HALF


def test_the_same_bytes_count_once(insider: User) -> None:
    first = upload(insider, "a")
    upload(insider, "a", "b.txt")
    reuse_upload(owner=insider, name="c.txt", digest=first.original.digest)
    usage = FileUsage.objects.get(user=insider)
    assert (usage.total_bytes, usage.day_bytes) == (HALF, HALF)


def test_a_refused_upload_leaves_nothing(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    limits(stored_files_mb=1)
    upload(insider, "a")
    # Another upload of the same person has passed the first look at the same moment.
    monkeypatch.setattr("chat.operations.files.uploads.check_quota", lambda *_: None)
    assert refusal(upload, insider, "b").code == "storage_full"
    assert Attachment.objects.count() == 1
    assert FileUsage.objects.get(user=insider).total_bytes == HALF


def test_a_new_day_has_room_again(insider: User) -> None:
    limits(daily_upload_mb=1)
    upload(insider, "a")
    FileUsage.objects.update(day=timezone.now().date() - dt.timedelta(days=2))
    upload(insider, "b")
    usage = FileUsage.objects.get(user=insider)
    assert (usage.total_bytes, usage.day_bytes) == (2 * HALF, HALF)


def test_midnight_is_that_of_the_workspace(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    limits(daily_upload_mb=1)
    Workspace.objects.update(time_zone="Asia/Seoul")
    now = dt.datetime(2026, 3, 1, 14, 59, tzinfo=dt.UTC)
    monkeypatch.setattr(quota.timezone, "now", lambda: now)
    upload(insider, "a")
    assert refusal(upload, insider, "b").retry_after_seconds == 61
    now += dt.timedelta(minutes=1)
    upload(insider, "b")


def test_deleted_files_are_given_back(insider: User, outsider: User) -> None:
    kept = upload(outsider, "a")
    kept.messages.add(factories.conversation(outsider, "Hello").messages.first())
    upload(insider, "a")
    Attachment.objects.update(created_at=timezone.now() - UNSENT_FOR * 2)
    clear_unused_files()
    totals = dict(FileUsage.objects.values_list("user__email", "total_bytes"))
    assert totals == {insider.email: 0, outsider.email: HALF}


def test_deleting_a_conversation_makes_room_at_once(insider: User, outsider: User) -> None:
    limits(stored_files_mb=1)
    file, chats = upload(insider, "a"), [factories.conversation(insider, "Look") for _ in range(2)]
    theirs = upload(outsider, "a")
    for chat in chats:
        chat.active_leaf.attachments.add(file)  # type: ignore[union-attr]
    assert refusal(upload, insider, "b").code == "storage_full"
    delete_conversations(user=insider, conversation_ids=[chats[0].id])
    assert refusal(upload, insider, "b").code == "storage_full", "another conversation has it"
    delete_conversations(user=insider, conversation_ids=[chats[1].id])
    waits_to_be_sent = upload(insider, "b")
    assert FileUsage.objects.get(user=insider).total_bytes == HALF
    restore_conversations(user=insider, conversation_ids=[chats[1].id])
    assert FileUsage.objects.get(user=insider).total_bytes == 2 * HALF, "undoing a deletion never fails"
    for chat in chats:
        delete_for_good(chat)
    assert set(Attachment.objects.all()) == {theirs, waits_to_be_sent}
    assert FileUsage.objects.get(user=insider).total_bytes == HALF


@pytest.mark.parametrize("how", ["upload", "reuse"])
def test_a_deleted_file_that_is_attached_again_counts_and_stays(insider: User, how: str) -> None:
    limits(stored_files_mb=1)
    file, chat = upload(insider, "a"), factories.conversation(insider, "Look")
    chat.active_leaf.attachments.add(file)  # type: ignore[union-attr]
    delete_conversations(user=insider, conversation_ids=[chat.id])
    again = upload if how == "upload" else reuse
    assert again(insider, "a") == file
    assert refusal(upload, insider, "b").code == "storage_full"
    Conversation.objects.update(deleted_at=F("deleted_at") - UNDO_FOR)
    Attachment.objects.update(created_at=timezone.now())
    assert remove_due() == 1
    assert list(Attachment.objects.all()) == [file], "it stands in a message that is not sent yet"
    assert FileUsage.objects.get(user=insider).total_bytes == HALF


def test_a_file_that_is_sent_again_meanwhile_stays(
    any_database: str, at_once: Callable[..., list[Any]]
) -> None:
    """A message either keeps the file from going, or is told that it is gone; nothing refers to a file that is gone."""
    owner, model = factories.person(), factories.language_model()
    for letter in "abcdefgh":
        chat, file = factories.conversation(owner, "Look", model=model), upload(owner, letter)
        chat.active_leaf.attachments.add(file)  # type: ignore[union-attr]
        steps = iter(
            [
                lambda chat=chat: delete_for_good(chat),
                lambda file=file: turns.start_turn(
                    author=owner, client_id=uuid.uuid4(), text="Again", attachments=[str(file.id)]
                ),
            ]
        )
        results = at_once(lambda steps=steps: next(steps)(), 2)
        refused = [one for one in results if isinstance(one, Exception)]
        assert [getattr(one, "code", one) for one in refused] in ([], ["not_found"])
        assert Attachment.objects.filter(id=file.id).exists() is not bool(refused)
    connection.check_constraints()


def test_files_of_earlier_versions_are_counted(insider: User) -> None:
    upload(insider, "a")
    FileUsage.objects.all().delete()
    upload(insider, "b")
    assert FileUsage.objects.get(user=insider).total_bytes == 2 * HALF


def test_queries_do_not_grow(insider: User) -> None:
    def queries(letter: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            upload(insider, letter)
        return len(captured)

    upload(insider, "a")
    few = queries("b")
    for letter in "cdefgh":
        upload(insider, letter)
    assert queries("i") == few


def test_uploads_at_once_never_pass_a_limit(any_database: str, at_once: Callable[..., list[Any]]) -> None:
    owner, letters = factories.person(), iter("abcd")
    limits(stored_files_mb=1)
    results = at_once(lambda: upload(owner, next(letters)), 4)
    refused = [one for one in results if isinstance(one, OperationError)]
    assert {one.code for one in refused} == {"storage_full"}
    assert len(refused) == 3
    assert FileUsage.objects.get(user=owner).total_bytes == HALF
