"""Imports: what is written, and that a second run changes nothing."""

import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from chat.claude.request.transcript import to_messages
from chat.models import Attachment, Conversation, Import, ImportedConversation, Message, User, Workspace
from chat.operations.errors import OperationError
from chat.operations.imports import begin, run
from chat.operations.imports.run import run_import, unfinished_imports
from chat.operations.request.thinking_binding import path_message
from chat.readers.exports import elements
from tests.operations.imports.uploads import upload
from tests.support.exports import ROOT, claude_chat, claude_message, claude_zip, zipped
from tests.support.media import picture

pytestmark = pytest.mark.django_db


def imported(owner: User, data: bytes, name: str = "export.zip") -> Import:
    made = upload(owner, data, name)
    run_import(str(made.id))
    made.refresh_from_db()
    return made


def rows() -> list[Any]:
    """Everything that an import may change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Conversation, Message, Attachment, Attachment.messages.through, ImportedConversation)
    ]


def left_out(made: Import) -> dict[str, int]:
    return {f"{one['kind']} {one['code']}": one["count"] for one in made.left_out}


def test_a_second_run_changes_nothing(insider: User) -> None:
    paste = {"file_name": "", "extracted_content": "A long paste"}
    chat = claude_chat("a", "Hello", "Hi", "More?", "Yes")
    chat["chat_messages"][0]["attachments"] = [paste]
    data = claude_zip([chat, claude_chat("b", "Only a question")])
    first = imported(insider, data)
    assert (first.status, first.done, first.total, first.path) == ("done", 2, 2, "")
    assert first.taken == {"conversations": 2, "messages": 5, "files": 1}
    before = rows()
    second = imported(insider, data)
    assert (second.status, second.taken, second.left_out) == ("done", {"unchanged": 2}, [])
    assert rows() == before
    assert not any(default_storage.exists(f"{begin.FOLDER}/{one.id}") for one in (first, second))


def test_messages_keep_their_times_and_the_newest_leaf_is_shown(insider: User) -> None:
    chat = claude_chat("a", "Hello", "Hi", name="Greeting")
    chat["chat_messages"] += [
        claude_message("again", "a-0", "Hi again", created_at="2025-03-02T10:00:00.5Z"),
    ]
    imported(insider, claude_zip([chat]))
    found = Conversation.objects.get()
    leaf = found.active_leaf
    assert leaf is not None
    assert (found.title, found.title_status, leaf.text) == ("Greeting", "done", "Hi again")
    assert found.created_at == dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
    assert (
        leaf.created_at == found.last_message_at == dt.datetime(2025, 3, 2, 10, 0, 0, 500_000, tzinfo=dt.UTC)
    )
    assert sorted(Message.objects.values_list("depth", "text")) == [(0, "Hello"), (1, "Hi"), (1, "Hi again")]


def test_a_newer_export_adds_what_is_new(insider: User) -> None:
    imported(insider, claude_zip([claude_chat("a", "Hello", "Hi")]))
    chat = claude_chat("a", "Hello", "Hi", "More", "Gladly")
    chat["chat_messages"].append(claude_message("other", "a-0", "Another answer"))
    made = imported(insider, claude_zip([chat, claude_chat("b", "New")]))
    assert made.taken == {"conversations": 1, "updated": 1, "messages": 4}
    found = Conversation.objects.get(imported__external_id="a")
    assert found.messages.count() == 5
    assert found.active_leaf is not None
    assert (
        found.active_leaf.text == "Another answer"
    )  # the newest of what nothing follows; here the last in the file


def test_what_the_person_did_since_stays(insider: User) -> None:
    imported(insider, claude_zip([claude_chat("a", "Hello", "Hi")]))
    found = Conversation.objects.get()
    own = Message.objects.append(after=found.active_leaf, role="user", text="Mine", content=[])
    Conversation.objects.update(active_leaf=own, title="Renamed")
    imported(insider, claude_zip([claude_chat("a", "Hello", "Hi", "More")]))
    found.refresh_from_db()
    assert (found.title, found.active_leaf_id, found.messages.count()) == ("Renamed", own.id, 4)


def test_other_bytes_of_the_same_conversation_add_nothing(insider: User) -> None:
    imported(insider, claude_zip([claude_chat("a", "Hello", "Hi")]))
    before = Message.objects.count()
    made = imported(insider, claude_zip([claude_chat("a", "Hello", "Hi", updated_at="later")]))
    assert (made.taken, Message.objects.count()) == ({"unchanged": 1}, before)


def test_two_people_import_the_same_export(insider: User, outsider: User) -> None:
    data = claude_zip([claude_chat("a", "Hello", "Hi")])
    for person in (insider, outsider):
        assert imported(person, data).taken == {"conversations": 1, "messages": 2}
        assert Conversation.objects.of(person).count() == 1
    assert Message.objects.count() == 4


def test_a_conversation_without_a_title_gets_its_first_words(insider: User) -> None:
    chats = [claude_chat("a", "What is\na fjord?", "A valley."), claude_chat("b", "x")]
    imported(insider, claude_zip([{**chats[0], "name": " \n"}, {**chats[1], "name": "\x00 a"}]))
    assert set(Conversation.objects.values_list("title", flat=True)) == {"What is a fjord?", "\ufffd a"}


def test_a_broker_that_is_away_costs_only_time(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def send(*given: Any, **more: Any) -> None:
        sent.append((given, more))
        if len(sent) > 1:
            raise OSError

    monkeypatch.setattr(begin.current_app, "send_task", send)
    for _each in range(2):
        begin.wake_for_import("some-id")
    assert sent == [((begin.IMPORT_TASK,), {"args": ["some-id"]})] * 2


def test_what_models_get_is_valid_and_has_no_imported_thinking(insider: User) -> None:
    chat = claude_chat("a", "Hello", "Hi")
    chat["chat_messages"][1]["content"] = [
        {"type": "thinking", "thinking": "Hm"},
        {"type": "tool_use", "id": "t", "name": "search", "input": {"key": "secret"}},
        {"type": "tool_result", "tool_use_id": "t", "content": "Found"},
        {"type": "text", "text": "Hi"},
    ]
    imported(insider, claude_zip([chat]))
    found = Conversation.objects.get()
    path = [path_message(row, "account") for row in Message.objects.path_to(found.active_leaf_id)]
    path.append(path_message(Message(role="user", content=[{"type": "text", "text": "And now?"}]), "account"))
    assert to_messages(path, "frame") == [
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
        {"role": "user", "content": [{"type": "text", "text": "And now?"}]},
    ]


def test_files_of_the_archive_are_attached(insider: User) -> None:
    message = {
        "author": {"role": "user"},
        "metadata": {
            "attachments": [
                {"id": "file-A", "name": "cat.png"},
                {"id": "file-B", "name": "gone.png"},
                {"id": "file-C", "name": "x.mp4"},
            ]
        },
        "content": {"content_type": "multimodal_text", "parts": ["Look"]},
    }
    chat = {
        "id": "c",
        "title": "T",
        "current_node": "u",
        "mapping": {"u": {"parent": None, "message": message}},
    }
    data = zipped(
        {
            "conversations-000.json": json.dumps([chat]),
            "file-A-cat.png": picture(),
            "file-C-x.mp4": b"\x00\x00\x00\x20ftypisom",
        }
    )
    made = imported(insider, data)
    assert made.taken == {"conversations": 1, "messages": 1, "files": 1}
    assert left_out(made) == {"file not_in_export": 1, "file unsupported": 1}
    found = Message.objects.get()
    assert [block["type"] for block in found.content] == ["image", "text", "text", "text"]
    assert found.text == "[gone.png]\n[x.mp4]\nLook"
    assert [file.name for file in found.attachments.all()] == ["cat.png"]


def test_a_full_storage_leaves_the_file_out(insider: User) -> None:
    Workspace.objects.create(daily_upload_mb=1)
    chat = claude_chat("a", "Hello")
    chat["chat_messages"][0]["attachments"] = [{"file_name": "a.txt", "extracted_content": "x" * 1_100_000}]
    made = imported(insider, claude_zip([chat]))
    assert (made.status, left_out(made)) == ("done", {"file upload_limit": 1})
    assert Message.objects.get().text == "[a.txt]\nHello"


def test_the_report_counts_all_that_is_left_out(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        run, "split_elements", lambda chunks: elements.split_elements(chunks, most_bytes=5000)
    )
    chats = [
        claude_chat("a", "Hello"),
        claude_chat("big", "x" * 6000),
        {"prompt_template": ""},
        {"nothing": 1},
    ]
    data = claude_zip(
        chats,
        **{
            "x1.json": '[{"a": 1',
            "x2.json": "[" * 20_000,
        },
    )
    made = imported(insider, data)
    assert (made.status, made.done, made.total) == ("done", 6, 6)
    assert made.taken == {"conversations": 1, "messages": 1}
    assert left_out(made) == {
        "conversation too_large": 1,
        "entry not_a_conversation": 1,
        "export_file cut": 1,
        "export_file unreadable": 1,
        "project without_id": 1,
    }


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"hello", "not_an_export"), (zipped({"a.zip": b""}), "nested"), (b"PK\x03\x04", "damaged")],
)
def test_a_wrong_file_is_refused_at_once(insider: User, data: bytes, code: str) -> None:
    with pytest.raises(OperationError) as caught:
        upload(insider, data)
    assert caught.value.code == code
    assert not Import.objects.exists()


def test_one_import_at_a_time(insider: User, outsider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    data = claude_zip([])
    upload(insider, data)
    upload(outsider, data)
    with pytest.raises(OperationError, match="busy"):
        upload(insider, data)
    # Two at the same moment: the database decides.
    monkeypatch.setattr(Import.objects.none().__class__, "unfinished", lambda rows: rows.none())
    files = len(default_storage.listdir(begin.FOLDER)[1])
    with pytest.raises(OperationError, match="busy"):
        upload(insider, data)
    assert len(default_storage.listdir(begin.FOLDER)[1]) == files


def test_only_the_newest_reports_are_kept(insider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin, "KEPT_REPORTS", 2)
    for _each in range(4):
        imported(insider, claude_zip([]))
    assert Import.objects.count() == 3  # one more was begun since


def test_a_damage_in_the_middle_ends_the_import_with_its_reason(insider: User) -> None:
    data = claude_zip([claude_chat("a", "Hello"), claude_chat("b", "Hello 1234567")])
    made = imported(insider, data.replace(b"1234567", b"1234568"))
    assert (made.status, made.error_code, made.path) == ("failed", "damaged", "")


def test_a_lost_file_ends_the_import(insider: User) -> None:
    made = upload(insider, claude_zip([]))
    default_storage.delete(made.path)
    run_import(str(made.id))
    made.refresh_from_db()
    assert (made.status, made.error_code) == ("failed", "gone")


def test_many_unchanged_conversations_are_counted_together(
    insider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "COUNTED_TOGETHER", 2)
    data = claude_zip(claude_chat(str(number), "Hello") for number in range(5))
    imported(insider, data)
    assert imported(insider, data).taken == {"unchanged": 5}


def test_an_unknown_import_does_nothing(db: None) -> None:
    run_import("00000000-0000-7000-8000-000000000000")
    assert unfinished_imports() == []


def test_a_stale_queue_is_found(insider: User) -> None:
    made = upload(insider, claude_zip([]))
    assert unfinished_imports() == []
    Import.objects.update(created_at=timezone.now() - 2 * run.LEASE)
    assert unfinished_imports() == [str(made.id)]


def test_members_are_read_in_order_and_not_unpacked(insider: User) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("../../conversations-001.json", json.dumps([claude_chat("b", "Hello")]))
        archive.writestr("/conversations-000.json", json.dumps([claude_chat("a", "Hello")]))
    made = imported(insider, target.getvalue())
    assert (made.status, made.total) == ("done", 2)


def test_the_root_of_claude_is_no_message() -> None:
    assert claude_chat("a", "x")["chat_messages"][0]["parent_message_uuid"] == ROOT
