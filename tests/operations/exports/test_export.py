"""Exports of a conversation: exact JSON with every branch, a ZIP with the files, and Markdown for people."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chat.claude.encoding.exact_numbers import read_json
from chat.models import Conversation, Message, User
from chat.operations.conversations.message_input import content_blocks
from chat.operations.errors import OperationError
from chat.operations.exports.export import FORMATS, Export, export_conversation
from chat.operations.files.uploads import store_upload
from chat.operations.imports.begin import begin_import
from chat.operations.imports.run import run_import
from chat.readers.exports.detect import LeftOut, read_element
from tests import factories
from tests.support.media import picture

pytestmark = pytest.mark.django_db
# Key order, digits and unknown fields, as only exact text keeps them.
EXACT = '[{"type":"tool_use","id":"t","name":"pay","input":{"b":0.10,"a":1e400},"new":{"z":1,"y":2}}]'


def exported(chat: Conversation, form: str, **options: Any) -> bytes:
    made: Export = export_conversation(user=chat.owner, conversation_id=str(chat.id), form=form, **options)
    with made.file as file:
        data = file.read()
    assert made.size_bytes == len(data)
    return data


@pytest.fixture
def chat(insider: User) -> Conversation:
    """Two versions of an answer, the first one with a tool call; the question has a picture."""
    made = Conversation.objects.create(owner=insider, title="Trip  to\nBusan")
    file = store_upload(owner=insider, name="a <map>.png", data=picture())
    asked = factories.message(
        made, None, "Where?", content=[*content_blocks([file]), {"type": "text", "text": "Where?"}]
    )
    asked.attachments.add(file)
    turn = factories.turn(made, parent=asked, text="Again", answer="Here **it** is.")
    called = factories.message(made, asked, "", role="assistant", content=read_json(EXACT), turn=turn)
    factories.message(
        made,
        called,
        "",
        kind="results",
        turn=turn,
        content=[
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [{"type": "text", "text": "Paid ```"}, {"type": "image"}],
            }
        ],
    )
    return made


def test_json_is_exact_and_has_every_branch(chat: Conversation) -> None:
    text = exported(chat, "json").decode()
    assert EXACT in text
    found = json.loads(text)
    assert (found["format"], found["version"]) == ("parley-conversation", 1)
    assert found["conversation"]["title"] == "Trip  to\nBusan"
    assert found["conversation"]["active_leaf"] == str(chat.active_leaf_id)
    assert {row["id"] for row in found["messages"]} == {str(row.id) for row in chat.messages.all()}
    by_id = {row["id"]: row for row in found["messages"]}
    for row in chat.messages.all():
        assert by_id[str(row.id)]["parent"] == (str(row.parent_id) if row.parent_id else None)
        assert by_id[str(row.id)]["content"] == row.content or EXACT in text
    (file,) = found["attachments"]
    assert (file["name"], file["size_bytes"], "file" in file) == ("a <map>.png", len(picture()), False)
    assert [row["attachments"] for row in found["messages"]].count([file["id"]]) == 1


def test_a_zip_has_the_files_too(chat: Conversation) -> None:
    with zipfile.ZipFile(io.BytesIO(exported(chat, "zip"))) as archive:
        assert archive.testzip() is None
        found = json.loads(archive.read("conversation.json"))
        assert archive.read(found["attachments"][0]["file"]) == picture()
    default_storage.delete(chat.messages.get(depth=0).attachments.get().original.path)
    with zipfile.ZipFile(io.BytesIO(exported(chat, "zip"))) as archive:
        assert archive.namelist() == ["conversation.json"]


def test_parley_reads_its_own_export(chat: Conversation) -> None:
    found = read_element(exported(chat, "json"))
    assert not isinstance(found, LeftOut)
    assert (found.source, found.title, found.external_id) == ("parley", "Trip  to\nBusan", str(chat.id))
    kinds = {node.id: [block["type"] for block in node.blocks] for node in found.nodes}
    called = chat.messages.get(depth=1, role="assistant")
    assert kinds[str(called.id)] == ["imported_tool_use"]
    (call,) = next(node for node in found.nodes if node.id == str(called.id)).blocks
    assert (call["result"], str(call["input"]["a"])) == ("Paid ```\n", "1e400")
    assert kinds[str(chat.messages.get(depth=0).id)] == ["file", "text"]
    assert found.leaf == str(chat.active_leaf_id)


def test_markdown_shows_the_path_that_the_page_shows(chat: Conversation) -> None:
    text = exported(chat, "markdown").decode()
    lines = text.splitlines()
    assert lines[0] == "# Trip to Busan"
    assert "*Attached: a <map>.png*" in lines
    assert "Here **it** is." in lines
    headings = [line.split(" · ")[0] for line in lines if line.startswith("## ")]
    assert headings == ["## You", "## You", f"## {factories.language_model().display_name}"]
    assert "pay" not in text  # the other version


def test_tool_calls_are_folded_and_thoughts_left_out(chat: Conversation) -> None:
    results = chat.messages.get(kind="results")
    content = [
        {"type": "thinking", "thinking": "Hm <b>", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {
            "type": "text",
            "text": "Done",
            "citations": [
                {"type": "web_search_result_location", "url": "https://example.org/a", "title": "A\nb"},
                {"url": "javascript:x"},
            ],
        },
        {"type": "text", "text": " "},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "w",
            "content": [{"url": "https://example.org/b", "title": "B"}],
        },
        {"type": "server_tool_use", "id": "w", "name": "web_search", "input": {"query": "b"}},
        {"type": "imported_tool_use", "name": "old", "input": {}, "result": "Old result"},
        {"type": "document", "source": {"type": "text"}},
    ]
    answer = factories.message(chat, results, "Done", role="assistant", content=content, turn=results.turn)
    summary = factories.message(
        chat, answer, "S", kind="summary", content=[{"type": "text", "text": "In short"}]
    )
    waiting = factories.message(chat, summary, "", kind="summary", content=[])
    chat.active_leaf = factories.message(chat, waiting, "", kind="continue", content=[])
    chat.save()
    text = exported(chat, "markdown").decode()
    assert text.count(f"## {factories.language_model().display_name}") == 1  # rounds of one answer
    assert "<summary>pay</summary>" in text
    assert "````\nPaid ```\n[image]\n````" in text
    assert "Done ([A b](<https://example.org/a>))" in text
    assert "- [B](<https://example.org/b>)" in text
    assert "Old result" in text
    assert "<summary>Earlier messages were summarised</summary>\n\nIn short" in text
    assert "*Attached: ?*" in text
    assert "Hm" not in text
    assert "javascript" not in text
    thoughtful = exported(chat, "markdown", thinking=True).decode()
    assert "<summary>Thought process</summary>\n\nHm <b>" in thoughtful


def test_an_empty_conversation_is_exported(insider: User) -> None:
    chat = Conversation.objects.create(owner=insider)
    assert exported(chat, "markdown") == b"# New conversation\n"
    assert json.loads(exported(chat, "json"))["messages"] == []


@pytest.mark.parametrize("form", FORMATS)
def test_a_long_conversation_takes_the_same_queries(insider: User, form: str) -> None:
    counts = set()
    for length in (4, 400):
        chat = factories.long_conversation(insider, length)
        with CaptureQueriesContext(connection) as seen:
            exported(chat, form)
        counts.add(len([one for one in seen if "SAVEPOINT" not in one["sql"]]))
    assert len(counts) == 1


def test_names_are_safe(insider: User) -> None:
    chat = factories.conversation(insider, "x", title='../a"b\r\n: <c> 한국어')
    made = export_conversation(user=insider, conversation_id=str(chat.id), form="zip")
    made.file.close()
    assert made.name == f"a b c 한국어 {chat.last_message_at.date()}.zip"
    chat.title = "…"
    chat.save()
    made = export_conversation(user=insider, conversation_id=str(chat.id))
    made.file.close()
    assert made.name == f"conversation {chat.last_message_at.date()}.md"


def test_others_and_unknown_formats_are_refused(chat: Conversation, outsider: User) -> None:
    with pytest.raises(OperationError, match="not_found"):
        export_conversation(user=outsider, conversation_id=str(chat.id))
    with pytest.raises(OperationError, match="invalid"):
        export_conversation(user=chat.owner, conversation_id=str(chat.id), form="pdf")


def test_an_export_and_its_import_are_the_same_conversation(chat: Conversation, outsider: User) -> None:
    made = begin_import(owner=outsider, name="a.zip", file=ContentFile(exported(chat, "zip")))
    run_import(str(made.id))
    made.refresh_from_db()
    assert (made.status, made.taken["files"]) == ("done", 1), made.left_out
    copied = Conversation.objects.get(owner=outsider)
    assert copied.active_leaf is not None
    texts = [row.text for row in Message.objects.path_to(copied.active_leaf_id)]
    assert texts == [row.text for row in Message.objects.path_to(chat.active_leaf_id)]
    assert copied.messages.get(depth=0).attachments.get().owner == outsider
