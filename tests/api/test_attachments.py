"""Attachments in the API: uploads, refusals, reuse by digest, and turns that carry files."""

import hashlib
import socket
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chat.models import Attachment, Workspace
from chat.operations.files import pictures, uploads
from chat.readers.process import sandbox
from tests.api.live_server import LiveServer, scenario
from tests.api.people import BASE, Person, person
from tests.support import media

URL = f"{BASE}/attachments"


def send(client: Client, data: bytes, name: str = "a.txt", **options: Any) -> Any:
    return client.post(URL, {"file": SimpleUploadedFile(name, data, "image/svg+xml")}, **options)


def test_an_upload_is_described(insider: Person) -> None:
    data = media.turned_photo((400, 200))
    made = send(insider.client(), data, "me.jpg")
    assert made.status_code == 201
    body = made.json()
    assert (body["name"], body["kind"], body["media_type"]) == ("me.jpg", "image", "image/jpeg")
    assert (body["width"], body["height"], body["pages"], body["characters"]) == (200, 400, None, None)
    assert (body["size_bytes"], body["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert insider.client().get(f"{URL}/{body['id']}").json() == body
    assert send(insider.client(), data, "me.jpg").json()["id"] == body["id"]
    assert send(insider.client(), b"Hello").json()["characters"] == 5


def test_an_upload_waits_before_it_is_read(
    insider: Person, outsider: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "UPLOAD_WAIT_SECONDS", 0)
    with uploads.PLACES.taken(str(insider.user.pk)):
        with monkeypatch.context() as patched:
            patched.setattr(uploads, "store_upload", lambda **_: pytest.fail("read while it waits"))
            busy = send(insider.client(), b"Hello")
        assert (busy.status_code, busy["Retry-After"]) == (503, "2")
        assert send(outsider.client(), b"Hello").status_code == 201, "another person doesn't wait for it"
    assert send(insider.client(), b"Hello").status_code == 201


def test_limits_of_a_person_say_when_to_try_again(insider: Person, settings: Any) -> None:
    Workspace.objects.create(daily_upload_mb=1)
    assert send(insider.client(), b"x" * 900_000).status_code == 201
    full = send(insider.client(), b"y" * 900_000)
    assert (full.status_code, full.json()["code"]) == (429, "upload_limit")
    assert 0 < int(full["Retry-After"]) <= 86_400
    Workspace.objects.update(daily_upload_mb=0, stored_files_mb=1)
    full = send(insider.client(), b"y" * 900_000)
    assert (full.status_code, full.json()["code"]) == (409, "storage_full")
    assert "Retry-After" not in full.headers
    settings.RATES_PER_MINUTE = {**settings.RATES_PER_MINUTE, "uploads": 1}
    often = send(insider.client(), b"z")
    assert (often.status_code, often.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(often["Retry-After"]) <= 60


def test_session_upload_requires_a_csrf_token(insider: Person) -> None:
    browser = insider.signed_in(enforce_csrf_checks=True)
    assert send(browser, b"Hello").status_code == 403
    browser.get("/")
    token = browser.cookies["parley_csrf"].value
    assert send(browser, b"Hello", headers={"X-CSRFToken": token}).status_code == 201


def test_other_people_and_read_keys_are_refused(insider: Person, outsider: Person) -> None:
    mine = send(insider.client(), b"Hello").json()["id"]
    foreign, unknown = (outsider.client().get(f"{URL}/{one}") for one in (mine, uuid.uuid4()))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    reader = person("reader", scopes=("read",))
    assert send(reader.client(), b"Hello").status_code == 403
    assert send(Client(), b"Hello").status_code == 401
    assert Attachment.objects.count() == 1


def test_known_digest_needs_no_second_upload(insider: Person, outsider: Person) -> None:
    made = send(insider.client(), b"Hello", "a.txt").json()
    asked = {"sha256": made["sha256"], "name": "b.txt"}
    again = insider.client().post(f"{URL}/reuse", asked, content_type="application/json")
    assert (again.status_code, again.json()["name"]) == (200, "b.txt")
    assert again.json()["sha256"] == made["sha256"]
    theirs = outsider.client().post(f"{URL}/reuse", asked, content_type="application/json")
    assert (theirs.status_code, theirs.content) == (204, b"")
    wrong = insider.client().post(f"{URL}/reuse", {**asked, "sha256": "x"}, content_type="application/json")
    assert wrong.status_code == 422


def test_a_file_without_a_place_may_be_sent_again(insider: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "UPLOAD_WAIT_SECONDS", 0)
    with sandbox.FILES.places.taken(str(insider.user.id)):
        busy = send(insider.client(), media.picture())
    assert (busy.status_code, busy["Retry-After"], busy.json()["code"]) == (503, "2", "busy")
    assert "Retry-After" not in send(insider.client(), b"")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "empty"),
        (media.png_bomb(), 413, "too_large"),
        (media.pdf(kids=601), 413, "too_long"),
        (b"\x00\x01", 415, "unsupported"),
        (media.picture()[:60], 422, "unreadable"),
    ],
)
def test_unreadable_file_is_refused_with_advice(insider: Person, data: bytes, status: int, code: str) -> None:
    refused = send(insider.client(), data, "a.bin")
    assert (refused.status_code, refused["Content-Type"]) == (status, "application/problem+json")
    assert refused.json()["code"] == code
    assert len(refused.json()["detail"]) > 20


OTHER_FIELD = b"--x\r\nContent-Disposition: form-data; name=other\r\n\r\ny\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"file": "x"}', "application/json", 415),
        (b"x", "text/plain", 415),
        (b"nonsense", "multipart/form-data; boundary=x", 422),
        (b"nonsense", "multipart/form-data", 400),
        (OTHER_FIELD, "multipart/form-data; boundary=x", 422),
        (OTHER_FIELD.replace(b"other", b"file"), "multipart/form-data; boundary=x", 422),
    ],
)
def test_malformed_upload_is_refused_with_a_message(
    insider: Person, body: bytes, kind: str, status: int
) -> None:
    refused = insider.client().generic("POST", URL, body, content_type=kind)
    assert refused.status_code == status
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["detail"]


def test_too_many_files_are_refused(insider: Person) -> None:
    files = {f"file{number}": SimpleUploadedFile("a", b"x") for number in range(101)}
    assert insider.client().post(URL, files).status_code == 400


def test_answer_cites_the_files_of_its_turn(live: LiveServer) -> None:
    program, stranger = live.client(), live.client("outsider")
    form = {"file": ("notes.md", b"Grass is green. Sky is blue.")}
    made = program.http.post("/attachments", files=form)
    assert made.status_code == 201
    picture = program.http.post("/attachments", files={"file": ("a.png", media.picture())}).json()
    ids = [picture["id"], made.json()["id"]]
    stolen = stranger.post("/turns", {"text": "Show me", "attachments": ids})
    assert (stolen.status_code, stolen.json()["code"]) == (404, "not_found")
    turn = program.turn(scenario("citations"), attachments=ids)
    assert (turn["status"], turn["error"]) == ("completed", None)
    cited = [block["citations"][0] for block in turn["message"]["content"] if block.get("citations")]
    assert [(one["cited_text"], one["document_title"]) for one in cited] == [("Grass is green.", "notes.md")]
    told = program.all_events(f"/turns/{turn['id']}/events")
    assert [sent.event["citation"] for sent in told if "citation" in sent.event] == cited
    asked = program.get(f"/conversations/{turn['conversation']}/messages").json()["data"][0]
    assert [block["type"] for block in asked["content"]] == ["image", "document", "text"]
    alone = program.post("/turns", {"attachments": ids, "conversation": turn["conversation"]})
    assert alone.json()["status"] == "completed"
    assert program.post("/turns", {}).status_code == 422


def test_a_message_of_content_blocks_keeps_their_order(live: LiveServer) -> None:
    program, stranger = live.client(), live.client("outsider")
    picture = program.http.post("/attachments", files={"file": ("a.png", media.picture())}).json()["id"]
    shown = {"type": "image", "source": {"type": "attachment", "attachment": picture}}
    content = [{"type": "text", "text": scenario("echo", "Before")}, shown, {"type": "text", "text": "After"}]
    turn = program.post("/turns", {"content": content}).json()
    assert turn["status"] == "completed"
    asked = program.get(f"/conversations/{turn['conversation']}/messages").json()["data"][0]
    assert asked["content"] == content
    again = program.post(f"/conversations/{turn['conversation']}/turns", {"content": asked["content"]})
    assert again.json()["status"] == "completed"

    stolen = stranger.post("/turns", {"content": content})
    assert (stolen.status_code, stolen.json()["code"]) == (404, "not_found")
    forged = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}
    for wrong in (
        {"content": [forged]},
        {"content": content, "text": "x"},
        {"content": "x"},
        {"content": []},
    ):
        assert program.post("/turns", wrong).status_code == 422


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (["Content-Length: 40000000"], b"x", b"413"),
        (["Content-Length: 100"], b"x" * 50, b""),  # closed in the middle: no answer can be sent
        (["Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\n\r\n", b"411"),
    ],
)
def test_wrong_or_missing_content_length_is_refused(
    live: LiveServer, headers: list[str], body: bytes, status: bytes
) -> None:
    place = urlsplit(live.server.url)
    head = [
        f"POST {URL} HTTP/1.1", f"Host: {place.netloc}", f"Authorization: Bearer {live.keys['insider']}",
        "Content-Type: multipart/form-data; boundary=x", "Connection: close", *headers, "", "",
    ]  # fmt: skip
    with socket.create_connection((place.hostname, place.port), timeout=20) as line:
        line.sendall("\r\n".join(head).encode() + body)
        if not status:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        while part := line.recv(65536):
            answer += part
    assert answer[9:12] == status
    assert live.client().get("/me").status_code == 200
