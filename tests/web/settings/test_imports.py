"""The page of imports: uploading, progress and the report, as the browser asks for them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from chat.models import Import, User
from chat.operations.imports import begin
from chat.operations.imports.run import run_import
from chat.presentation.import_report import reason_text, taken_lines
from tests.support.exports import claude_chat, claude_zip

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin, "wake_for_import", lambda _import_id: None)


def upload(browser: Client, data: bytes, **options: Any) -> Any:
    return browser.post(reverse("imports"), {"file": SimpleUploadedFile("my export.zip", data)}, **options)


def test_an_import_from_the_upload_to_its_report(browser: Client, insider: User) -> None:
    example = {"uuid": "e", "docs": [], "is_starter_project": True}
    chats = [claude_chat("a", "Hello", "Hi"), {"uuid": "p", "prompt_template": ""}, example]
    answer = upload(browser, claude_zip(chats))
    assert (answer.status_code, answer["Location"]) == (302, reverse("imports"))
    page = browser.get(reverse("imports")).content.decode()
    assert "my export.zip" in page
    assert "Waiting to be read" in page
    made = Import.objects.get(owner=insider)
    progress = reverse("import_progress", args=[made.id])
    assert f'hx-get="{progress}"' in page
    run_import(str(made.id))
    report = browser.get(progress).content.decode()
    assert "hx-get" not in report
    taken = ("1 new conversation", "2 messages", "1 new project")
    for words in ("Finished.", *taken, "1 project", "An example that the service made."):
        assert words in report


def test_a_script_gets_the_fragment(browser: Client) -> None:
    answer = upload(browser, claude_zip([]), headers=HTMX)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert "my export.zip" in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "words"), [(b"%PDF", "This file is no export"), (None, "Choose a file first")]
)
def test_a_refusal_stands_at_the_field(browser: Client, data: bytes | None, words: str) -> None:
    answer = browser.post(reverse("imports")) if data is None else upload(browser, data)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Import.objects.exists()


def test_a_failed_import_says_why(browser: Client, insider: User) -> None:
    made = Import.objects.create(
        owner=insider, file_name="x", size_bytes=1, status="failed", error_code="damaged"
    )
    report = browser.get(reverse("import_progress", args=[made.id])).content.decode()
    assert "This file is damaged" in report
    made.status, made.error_code = Import.Status.RUNNING, ""
    made.done, made.total = 1500, 3000
    made.save()
    report = browser.get(reverse("import_progress", args=[made.id])).content.decode()
    assert 'max="3000" value="1500"' in report


def test_others_find_no_import(signed_in: Callable[[str], Client], insider: User) -> None:
    made = Import.objects.create(owner=insider, file_name="secret name", size_bytes=1)
    address = reverse("import_progress", args=[made.id])
    assert signed_in("outsider").get(address).status_code == 404
    assert "secret name" not in signed_in("outsider").get(reverse("imports")).content.decode()
    assert Client().get(address).status_code == 302
    assert Client(headers=HTMX).get(address).status_code == 401


def test_uploading_needs_the_csrf_token(insider: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(insider)
    assert upload(client, claude_zip([])).status_code == 403


def test_the_words_of_a_report() -> None:
    taken = {"conversations": 1, "updated": 2, "unchanged": 1200, "messages": 1, "files": 2}
    assert taken_lines(taken) == [
        "1 new conversation",
        "2 conversations with new messages",
        "1,200 conversations that you have already",
        "1 message",
        "2 files",
    ]
    assert taken_lines({}) == []
    assert reason_text("file", "anything else") == reason_text("file", "unreadable")


def test_every_kind_has_words(browser: Client, insider: User) -> None:
    kinds = ("conversation", "message", "file", "project", "memory", "content", "export_file", "entry")
    rows = [{"kind": kind, "code": "unknown", "count": 2} for kind in kinds]
    made = Import.objects.create(
        owner=insider, file_name="x", size_bytes=1, status="done", left_out=json.loads(json.dumps(rows))
    )
    report = browser.get(reverse("import_progress", args=[made.id])).content.decode()
    assert "There was nothing to take" in report
    assert '<details class="import__left" open>' in report
    for words in (
        "conversations",
        "messages",
        "files",
        "projects",
        "memories",
        "parts of messages",
        "other entries",
    ):
        assert f"2 {words}" in report
