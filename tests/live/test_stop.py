"""Stop, Continue and Retry over a real socket, and what the upstream received."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support.parley import Parley
from tests.support.socket_client import SocketClient

LONG = "[[scenario:long tokens=4000 pace=40]]"


async def begun(client: SocketClient, text: str = LONG, **command: Any) -> str:
    """Start a turn and return it once its first text is here."""
    turn = str((await client.start(text, **command))["turn"])
    await client.expect("block.delta", turn=turn)
    return turn


def bill(parley: Parley, call: dict[str, Any]) -> dict[str, Any]:
    rows = parley.upstream.invoice()["rows"]
    return next(row for row in rows if row["request_id"] == call["upstream_request_id"])


async def test_stop_closes_the_upstream_keeps_the_text_and_settles(parley: Parley) -> None:
    async with parley.socket() as client:
        turn = await begun(client, model=parley.models["plain"])
        await client.send(type="turn.stop", turn=turn)
        finished = await client.finished(turn)
    assert (finished["status"], finished["error"]) == ("stopped", None)
    answer, call = parley.rows.answers(turn)[0], parley.rows.calls(turn)[0]
    assert answer["text"] == client.text(turn) != ""
    assert answer["status"] == "partial"
    assert (call["status"], call["certainty"]) == ("cut", "estimated")
    assert call["output_tokens"] > 0
    told = bill(parley, call)
    assert told["closed_by_client"]
    assert told["usage"]["output_tokens"] < 4000


async def test_stop_works_while_a_retry_waits(parley: Parley) -> None:
    async with parley.socket() as client:
        turn = (await client.start("[[scenario:rate_limited retry_after=50]]", model=parley.models["plain"]))[
            "turn"
        ]
        assert (await client.expect("notice", turn=turn)) | {
            "code": "retrying",
            "seconds": 50,
        } == await client.expect("notice", turn=turn)
        await client.send(type="turn.stop", turn=turn)
        assert (await client.finished(turn))["status"] == "stopped"
    assert [(call["status"], call["certainty"]) for call in parley.rows.calls(turn)] == [("failed", "exact")]


async def test_stop_right_after_the_start_ends_the_turn(parley: Parley) -> None:
    async with parley.socket() as client:
        turns = [(await client.start(LONG, model=parley.models["plain"]))["turn"] for _ in range(3)]
        for turn in turns:
            await client.send(type="turn.stop", turn=turn)
            await client.send(type="turn.stop", turn=turn)
        for turn in turns:
            assert (await client.finished(turn))["status"] == "stopped"
    for turn in turns:
        assert parley.rows.text(turn) == client.text(turn)
        assert all(call["status"] != "open" for call in parley.rows.calls(turn))


async def test_stop_before_the_claim_ends_the_turn(parley: Parley) -> None:
    """A turn that is not claimed yet ends in the rows alone; its author is told all the same."""
    async with parley.socket() as client, parley.socket() as other:
        for _ in range(15):
            turn = str(uuid4())
            start = {"type": "turn.start", "client_id": turn, "text": LONG, "model": parley.models["plain"]}
            await client.send(**start)
            accepted = await client.expect("turn.accepted", client_id=turn)
            await other.send(type="turn.stop", turn=accepted["turn"])
            assert (await client.finished(accepted["turn"]))["status"] == "stopped"
            assert parley.rows.frames(accepted["turn"]) == client.frames[accepted["turn"]]


async def test_stop_between_two_calls_duplicates_nothing(parley: Parley) -> None:
    async with parley.socket() as client:
        turn = (
            await client.start("[[scenario:pause_turn rounds=9 first_byte=3]]", model=parley.models["plain"])
        )["turn"]
        first = await client.expect("block.start", turn=turn)
        await client.until(lambda found: found["type"] == "usage" and found["certainty"] == "exact")
        await client.send(type="turn.stop", turn=turn)
        assert (await client.finished(turn))["status"] == "stopped"
    answers = parley.rows.answers(turn)
    assert "".join(answer["text"] for answer in answers) == client.text(turn)
    assert answers[0]["id"] == first["message"]
    assert all(call["status"] != "open" for call in parley.rows.calls(turn))
    contents = [answer["content"] for answer in answers if answer["content"] != "[]"]
    assert len(contents) == len(set(contents))


@pytest.mark.parametrize(
    "scenario",
    ["max_tokens", "error_after_delta type=invalid_request_error", "stop"],
    ids=["limit", "error", "stopped"],
)
async def test_continue_follows_the_partial_answer(parley: Parley, scenario: str) -> None:
    async with parley.socket() as client:
        if scenario == "stop":
            turn = await begun(client, model=parley.models["plain"])
            await client.send(type="turn.stop", turn=turn)
        else:
            turn = (await client.start(f"[[scenario:{scenario}]]", model=parley.models["plain"]))["turn"]
        await client.finished(turn)
        accepted = await client.ask(type="turn.continue", turn=turn)
        assert accepted["type"] == "turn.accepted"
        assert (await client.finished(accepted["turn"]))["status"] == "completed"
    partial, rest = parley.rows.answers(turn)[0], parley.rows.answers(accepted["turn"])[0]
    asked = parley.rows.query("SELECT * FROM chat_message WHERE id = ?", rest["parent_id"])[0]
    assert (asked["kind"], asked["parent_id"]) == ("continue", partial["id"])
    assert partial["text"] == client.text(turn)
    assert rest["text"] == client.text(accepted["turn"]) != ""


async def test_retry_makes_a_sibling(parley: Parley) -> None:
    async with parley.socket() as client:
        accepted = await client.start("[[scenario:bad_request]]", model=parley.models["plain"])
        await client.finished(accepted["turn"])
        again = await client.ask(type="turn.retry", turn=accepted["turn"], model=parley.models["plain"])
        assert again["user_message"] == accepted["user_message"]
        assert (await client.finished(again["turn"]))["status"] == "failed"
    first, second = (parley.rows.answers(turn)[0] for turn in (accepted["turn"], again["turn"]))
    assert first["parent_id"] == second["parent_id"] == accepted["user_message"]


async def test_whole_and_running_answers_are_not_continued(parley: Parley) -> None:
    async with parley.socket() as client:
        done = (await client.start("[[scenario:echo]] hello", model=parley.models["plain"]))["turn"]
        await client.finished(done)
        running = await begun(client, model=parley.models["plain"])
        for turn, code in ((done, "invalid"), (running, "busy")):
            assert (await client.ask(type="turn.continue", turn=turn))["code"] == code
        assert (await client.ask(type="turn.retry", turn=running))["code"] == "busy"
        await client.send(type="turn.stop", turn=running)
        await client.finished(running)
        await client.send(type="turn.stop", turn=done)
        await client.send(type="ping")
        await client.expect("pong")
    assert parley.rows.turn(done)["status"] == "completed"
