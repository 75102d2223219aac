"""Turns over real HTTP against the simulator: awaited, streamed, resumed, stopped and continued."""

import time
from typing import Any

import httpx2
import pytest

from tests.api.live_server import ApiClient, LiveServer, scenario, text_of
from tests.api.people import new_id
from tests.support.at_once import at_once

LONG = "long tokens=4000 pace=60"


def test_answer_can_be_awaited_polled_or_streamed(live: LiveServer) -> None:
    program = live.client()
    waited = program.post("/turns", {"text": scenario("echo", "Say this.")})
    assert waited.status_code == 200
    turn = waited.json()
    assert (turn["status"], turn["stop_reason"], turn["error"]) == ("completed", "end_turn", None)
    assert "Say this." in turn["message"]["text"]
    assert turn["message"]["content"][-1]["type"] == "text"
    assert turn["usage"]["output_tokens"] > 0
    assert turn["certainty"] == "exact"
    assert waited.headers["cache-control"] == "no-store"

    address = f"/conversations/{turn['conversation']}/turns"
    later = program.post(address, {"text": scenario("slow_first_byte first_byte=3"), "wait": False})
    assert later.status_code == 202
    assert later.json()["finished_at"] is None
    followed = program.all_events(f"/turns/{later.json()['id']}/events")
    done = program.get(f"/turns/{later.json()['id']}").json()
    assert text_of(followed) == done["message"]["text"]

    streamed = program.all_events(address, method="POST", json={"text": "And that."})
    opening, first, last = streamed[0], streamed[1], streamed[-1]
    assert (opening.id, opening.event["type"]) == (None, "turn.accepted")
    assert (first.id, first.event["type"]) == (1, "turn.started")
    assert (last.event["type"], last.event["status"]) == ("turn.finished", "completed")
    assert [sent.id for sent in streamed[1:]] == list(range(1, len(streamed)))
    told = program.get(f"/turns/{opening.event['turn']}").json()
    assert text_of(streamed) == told["message"]["text"]
    assert told["last_seq"] == last.id

    page = program.get(f"/conversations/{turn['conversation']}/messages").json()
    assert [row["role"] for row in page["data"]] == ["user", "assistant"] * 3
    assert page["data"][1]["cost_usd"] == turn["cost_usd"]


def test_a_first_turn_may_begin_a_temporary_conversation(live: LiveServer) -> None:
    program = live.client()
    turn = program.turn(scenario("echo"), temporary=True)
    address = f"/conversations/{turn['conversation']}"
    assert program.get(address).json()["expires_at"] is not None
    listed = program.get("/conversations").json()["data"]
    assert turn["conversation"] not in [row["id"] for row in listed]
    assert program.http.delete(address).status_code == 204
    assert program.get(f"/turns/{turn['id']}").status_code == 404


def test_stream_resumes_after_the_last_event(live: LiveServer) -> None:
    program = live.client()
    turn = program.turn(scenario("long tokens=400 pace=200"), wait=False)
    path = f"/turns/{turn['id']}/events"
    head = []
    with program.events(path) as events:
        for sent in events:
            head.append(sent)
            if sent.id == 3:
                break
    # The reader is gone; the turn goes on, and a later reader gets the rest, byte for byte.
    tail = program.all_events(path, headers={"Last-Event-ID": "3"})
    assert tail[0].id == 4
    whole = program.all_events(path)
    assert whole == head + tail
    assert whole[-1].event["status"] == "completed"
    assert program.all_events(path, params={"after": 3}) == tail
    again = program.get(path, headers={"Last-Event-ID": str(whole[-1].id)})
    assert (again.status_code, again.content) == (204, b"")
    beyond = program.get(path, headers={"Last-Event-ID": str(whole[-1].id + 1)})
    assert (beyond.status_code, beyond.json()["code"]) == (410, "events_gone")
    for strange in ("-1", "x", "9" * 30):
        assert program.get(path, headers={"Last-Event-ID": strange}).status_code == 422


def test_two_readers_of_one_turn_get_the_same_bytes(live: LiveServer) -> None:
    turn = live.client().turn(scenario("long tokens=200 pace=100"), wait=False)
    path = f"/turns/{turn['id']}/events"
    streams = at_once(lambda _number: live.client().all_events(path), 4)
    assert all(stream == streams[0] for stream in streams)


def test_turn_outlives_its_deleted_events(live: LiveServer) -> None:
    program = live.client()
    turn = program.turn(scenario("default"))
    live.shell(
        f"from chat.models import TurnEvent; TurnEvent.objects.filter(turn_id='{turn['id']}').delete()"
    )
    gone = program.get(f"/turns/{turn['id']}/events")
    assert (gone.status_code, gone.json()["code"]) == (410, "events_gone")
    assert program.get(f"/turns/{turn['id']}").json() == turn


def test_same_client_id_is_one_turn(live: LiveServer) -> None:
    program, client_id = live.client("colleague"), new_id()
    before = len(program.get("/conversations").json()["data"])

    def send(number: int) -> tuple[int, str]:
        named = {"client_id": client_id} if number % 2 else {}
        headers = {} if named else {"Idempotency-Key": client_id}
        response = live.client("colleague").post(
            "/turns", {"text": "Once.", "wait": False, **named}, headers=headers
        )
        return response.status_code, response.json().get("id")

    answers = set(at_once(send))
    assert {status for status, _turn in answers} <= {200, 202}
    assert len({turn for _status, turn in answers}) == 1
    assert len(program.get("/conversations").json()["data"]) == before + 1
    turn = program.turn("Another text.", client_id=client_id)
    assert turn["id"] == answers.pop()[1]
    assert turn["status"] == "completed"


def test_invalid_client_ids_are_refused(live: LiveServer) -> None:
    program = live.client("outsider")
    for members, headers in (
        ({"client_id": "mine"}, {}),
        ({}, {"Idempotency-Key": "mine"}),
        ({"client_id": new_id()}, {"Idempotency-Key": new_id()}),
    ):
        refused = program.post("/turns", {"text": "Hi", **members}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    assert program.get("/conversations").json()["data"] == []


def test_stopped_turn_can_be_continued_and_retried(live: LiveServer) -> None:
    program = live.client()
    turn = program.turn(scenario(LONG), wait=False)
    path = f"/turns/{turn['id']}"
    with program.events(path + "/events") as events:
        kept, asked = [], False
        for sent in events:
            kept.append(sent)
            if "text" in sent.event and not asked:
                busy = program.post(f"/conversations/{turn['conversation']}/turns", {"text": "Now"})
                assert (busy.status_code, busy.json()["code"]) == (409, "busy")
                asked = program.post(path + "/stop").status_code == 202
    assert kept[-1].event["status"] == "stopped"
    stopped = program.get(path).json()
    assert (stopped["status"], stopped["can_continue"]) == ("stopped", True)
    assert stopped["message"]["text"] == text_of(kept) != ""
    assert program.post(path + "/stop").json()["status"] == "stopped"

    continued = program.post(path + "/continue", {"client_id": new_id()})
    assert (continued.status_code, continued.json()["status"]) == (200, "completed")
    refused = program.post(f"/turns/{continued.json()['id']}/continue")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")

    retried = program.post(f"/turns/{continued.json()['id']}/retry").json()
    page = program.get(f"/conversations/{turn['conversation']}/messages").json()["data"]
    assert page[-1]["versions"] == [continued.json()["message"]["id"], retried["message"]["id"]]
    assert [row["kind"] for row in page] == ["chat", "chat", "continue", "chat"]


def test_a_retry_may_ask_for_a_length(live: LiveServer) -> None:
    program = live.client()
    first = program.turn(scenario("echo"))
    path = f"/turns/{first['id']}/retry"
    shorter = program.post(path, {"length": "shorter"}).json()
    again = program.post(f"/turns/{shorter['id']}/retry").json()
    assert [turn["length"] for turn in (first, shorter, again)] == [None, "shorter", "shorter"]
    assert shorter["usage"]["input_tokens"] > first["usage"]["input_tokens"]
    refused = program.post(path, {"length": "brief"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


def test_others_answer_the_same_message(live: LiveServer) -> None:
    program = live.client()
    model = program.get("/models").json()["data"][0]["id"]
    again = {"assistant": None, "model": model}
    first = program.turn(scenario("echo"), model=model, compare_with=[again, {"model": model}])
    assert first["compare_with"] == [again, again]
    question, answer = _messages_with_versions(program, first["conversation"], 3)
    assert len(question["versions"]) == 1
    last = program.get(f"/turns/{answer['turn']}").json()
    assert (last["status"], last["compare_with"]) == ("completed", [])
    assert program.turn("Hello")["compare_with"] is None

    path = f"/turns/{last['id']}/retry"
    retried = program.post(path, {"compare_with": []}).json()
    assert (retried["status"], retried["compare_with"]) == ("completed", [])
    for wrong in ([{}], [again] * 3, [{"modell": model}], "all"):
        refused = program.post(path, {"compare_with": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


def _messages_with_versions(program: ApiClient, conversation: str, versions: int) -> list[dict[str, Any]]:
    """Return the messages of a conversation once so many answers to its question have been written."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        page = program.get(f"/conversations/{conversation}/messages").json()
        if page["active_turn"] is None and len(page["data"][-1]["versions"]) == versions:
            return list(page["data"])
        time.sleep(0.1)
    raise AssertionError(page)


def test_closed_request_does_not_stop_the_turn(live: LiveServer) -> None:
    program, client_id = live.client(), new_id()
    members = {"text": scenario("slow_first_byte first_byte=5"), "client_id": client_id}
    with program.events("/turns", method="POST", json=members) as events:
        turn = next(events).event["turn"]
    with pytest.raises(httpx2.ReadTimeout):
        program.post("/turns", members, timeout=0.3)
    assert program.all_events(f"/turns/{turn}/events")[-1].event["status"] == "completed"


def test_failure_has_a_message(live: LiveServer) -> None:
    turn = live.client().turn(scenario("authentication"))
    assert turn["status"] == "failed"
    assert turn["error"]["code"] == "authentication"
    assert "credentials" in turn["error"]["message"]
    cut = live.client().turn(scenario("error_after_delta type=invalid_request_error"))
    assert (cut["status"], cut["can_continue"], cut["certainty"]) == ("interrupted", True, "estimated")


def test_continued_answer_has_all_its_parts(live: LiveServer) -> None:
    program = live.client()
    turn = program.turn(scenario("cut at=40 thinking_tokens=5"))
    assert (turn["status"], turn["can_continue"], turn["certainty"]) == ("completed", False, "estimated")
    (notice,) = turn["notices"]
    assert (notice["code"], notice["reason"]) == ("continued", "connection")
    events = program.all_events(f"/turns/{turn['id']}/events")
    assert turn["message"]["text"] == text_of(events)
    assert turn["message"]["id"] == events[-1].event["message"] != notice["after"]
    page = program.get(f"/conversations/{turn['conversation']}/messages").json()["data"]
    parts = [row for row in page if row["role"] == "assistant"]
    assert [part["id"] for part in parts] == [notice["after"], turn["message"]["id"]]
    assert "".join(part["text"] for part in parts) == turn["message"]["text"]


def test_a_revoked_key_ends_its_streams(live: LiveServer) -> None:
    turn = live.client().turn(scenario(LONG), wait=False)
    command = (
        "from chat.models import ApiKey; from django.utils import timezone; "
        "ApiKey.objects.filter(name='reader').update(revoked_at=timezone.now())"
    )
    with live.client("reader").events(f"/turns/{turn['id']}/events") as events:
        next(events)
        live.shell(command)
        rest = list(events)
    assert rest[-1].event["type"] != "turn.finished"
    assert live.client("reader").get("/me").status_code == 401
    assert live.client().get(f"/turns/{turn['id']}").json()["status"] == "running"
    live.shell("from chat.models import ApiKey; ApiKey.objects.filter(name='reader').update(revoked_at=None)")
