"""Imports over real HTTP: large bodies of known people, progress, and the report."""

import json
import random

from tests.api.live_server import LiveServer
from tests.support.exports import claude_chat, claude_zip

LARGE = 34_000_000  # above the limit of all other requests


def test_an_export_is_uploaded_read_and_reported(live: LiveServer) -> None:
    program = live.client("colleague")
    chats = [claude_chat("a", "Hello", "Hi"), {"uuid": "p", "docs": [], "is_starter_project": True}]
    padding = json.dumps([{"padding": random.Random(1).randbytes(LARGE).hex()}])
    answer = program.http.post(
        "/imports", files={"file": ("claude.zip", claude_zip(chats, **{"z.json": padding}))}
    )
    assert answer.status_code == 202, answer.text
    begun = answer.json()
    assert (begun["status"], begun["file"], begun["done"], begun["error"]) == (
        "queued",
        "claude.zip",
        0,
        None,
    )
    second = program.http.post("/imports", files={"file": ("claude.zip", claude_zip([]))})
    assert (second.status_code, second.json()["code"]) == (409, "busy")
    live.shell(f"from chat.operations.imports.run import run_import; run_import({begun['id']!r})")
    found = program.get(f"/imports/{begun['id']}").json()
    assert (found["status"], found["done"], found["total"]) == ("done", 3, 3)
    assert found["taken"] == {"conversations": 1, "messages": 2}
    assert [(one["kind"], one["code"], one["count"]) for one in found["left_out"]] == [
        ("conversation", "too_large", 1),
        ("project", "example", 1),
    ]
    assert all(one["reason"] for one in found["left_out"])
    (chat,) = program.get("/conversations").json()["data"]
    assert chat["title"] == "Chat a"
    # It goes on as any other: the simulator refuses what the API would.
    turn = program.turn("And now?", conversation=chat["id"])
    assert turn["status"] == "completed"


def test_a_damaged_upload_says_what_to_do(live: LiveServer) -> None:
    answer = live.client("outsider").http.post("/imports", files={"file": ("a.zip", b"PK\x03\x04")})
    assert (answer.status_code, answer.json()["code"]) == (422, "damaged")
    assert "Download the export again" in answer.json()["detail"]


def test_strangers_send_no_large_bodies(live: LiveServer) -> None:
    for program in (live.client(None),):
        answer = program.http.post("/imports", files={"file": ("a.zip", b"x" * LARGE)})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    small = live.client(None).http.post("/imports", files={"file": ("a.zip", b"x")})
    assert small.status_code == 401
    other = live.client().http.post("/attachments", files={"file": ("a.txt", b"x" * LARGE)})
    assert other.status_code == 413


def test_the_upload_has_to_be_a_form(live: LiveServer) -> None:
    answer = live.client().http.post("/imports", json={"file": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "not_a_form")
