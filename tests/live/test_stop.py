"""Stop, Continue and Retry over a real socket, and what the upstream saw of them."""

from typing import Any
from uuid import uuid4

import pytest

from tests.faults.stage import Line, Parley

PACE = 40
LONG = f"[[scenario:long tokens=4000 pace={PACE}]]"


async def begun(line: Line, text: str = LONG, **command: Any) -> str:
    """Start a turn and return it once its first text is here."""
    turn = str((await line.start(text, **command))["turn"])
    await line.expect("block.delta", turn=turn)
    return turn


def bill(parley: Parley, call: dict[str, Any]) -> dict[str, Any]:
    rows = parley.upstream.invoice()["rows"]
    return next(row for row in rows if row["request_id"] == call["upstream_request_id"])


async def test_stop_closes_the_upstream_keeps_the_text_and_settles(parley: Parley) -> None:
    async with parley.socket() as line:
        turn = await begun(line, model=parley.models["plain"])
        seen = len([found for found in line.messages if found.get("turn") == turn])
        await line.send(type="turn.stop", turn=turn)
        finished = await line.finished(turn)
    assert (finished["status"], finished["error"]) == ("stopped", None)
    answer, call = parley.rows.answers(turn)[0], parley.rows.calls(turn)[0]
    assert answer["text"] == line.text(turn) != ""
    assert answer["status"] == "partial"
    assert (call["status"], call["certainty"]) == ("cut", "estimated")
    assert call["output_tokens"] > 0
    told = bill(parley, call)
    assert told["closed_by_client"]
    # The upstream wrote for less than a second more: its own pace is the clock.
    assert told["usage"]["output_tokens"] <= (seen + PACE) * 4
    assert told["usage"]["output_tokens"] < 4000


async def test_stop_is_heard_while_a_retry_is_awaited(parley: Parley) -> None:
    async with parley.socket() as line:
        turn = (await line.start("[[scenario:rate_limited retry_after=50]]", model=parley.models["plain"]))[
            "turn"
        ]
        assert (await line.expect("notice", turn=turn)) | {
            "code": "retrying",
            "seconds": 50,
        } == await line.expect("notice", turn=turn)
        await line.send(type="turn.stop", turn=turn)
        assert (await line.finished(turn))["status"] == "stopped"
    assert [(call["status"], call["certainty"]) for call in parley.rows.calls(turn)] == [("failed", "exact")]


async def test_stop_right_after_the_start(parley: Parley) -> None:
    async with parley.socket() as line:
        turns = [(await line.start(LONG, model=parley.models["plain"]))["turn"] for _ in range(3)]
        for turn in turns:
            await line.send(type="turn.stop", turn=turn)
            await line.send(type="turn.stop", turn=turn)
        for turn in turns:
            assert (await line.finished(turn))["status"] == "stopped"
    for turn in turns:
        assert parley.rows.text(turn) == line.text(turn)
        assert all(call["status"] != "open" for call in parley.rows.calls(turn))


async def test_stop_that_comes_before_any_claim(parley: Parley) -> None:
    """A turn that nobody runs yet ends in the rows alone; whoever started it hears of it all the same."""
    async with parley.socket() as line, parley.socket() as other:
        for _ in range(15):
            turn = str(uuid4())
            start = {"type": "turn.start", "client_id": turn, "text": LONG, "model": parley.models["plain"]}
            await line.send(**start)
            accepted = await line.expect("turn.accepted", client_id=turn)
            await other.send(type="turn.stop", turn=accepted["turn"])
            assert (await line.finished(accepted["turn"]))["status"] == "stopped"
            assert parley.rows.frames(accepted["turn"]) == line.frames[accepted["turn"]]


async def test_stop_between_two_calls_doubles_nothing(parley: Parley) -> None:
    async with parley.socket() as line:
        turn = (
            await line.start("[[scenario:pause_turn rounds=9 first_byte=0.7]]", model=parley.models["plain"])
        )["turn"]
        first = await line.expect("block.start", turn=turn)
        await line.until(lambda found: found["type"] == "usage" and found["certainty"] == "exact")
        await line.send(type="turn.stop", turn=turn)
        assert (await line.finished(turn))["status"] == "stopped"
    answers = parley.rows.answers(turn)
    assert "".join(answer["text"] for answer in answers) == line.text(turn)
    assert answers[0]["id"] == first["message"]
    assert all(call["status"] != "open" for call in parley.rows.calls(turn))
    contents = [answer["content"] for answer in answers if answer["content"] != "[]"]
    assert len(contents) == len(set(contents))


@pytest.mark.parametrize(
    "scenario", ["max_tokens", "cut", "error_after_delta", "stop"], ids=["limit", "cut", "error", "stopped"]
)
async def test_continue_goes_on_behind_the_partial_answer(parley: Parley, scenario: str) -> None:
    async with parley.socket() as line:
        if scenario == "stop":
            turn = await begun(line, model=parley.models["plain"])
            await line.send(type="turn.stop", turn=turn)
        else:
            turn = (await line.start(f"[[scenario:{scenario}]]", model=parley.models["plain"]))["turn"]
        await line.finished(turn)
        accepted = await line.ask(type="turn.continue", turn=turn)
        assert accepted["type"] == "turn.accepted"
        assert (await line.finished(accepted["turn"]))["status"] == "completed"
    partial, rest = parley.rows.answers(turn)[0], parley.rows.answers(accepted["turn"])[0]
    asked = parley.rows.query("SELECT * FROM chat_message WHERE id = ?", rest["parent_id"])[0]
    assert (asked["kind"], asked["parent_id"]) == ("continue", partial["id"])
    assert partial["text"] == line.text(turn)
    assert rest["text"] == line.text(accepted["turn"]) != ""


async def test_retry_makes_a_sibling(parley: Parley) -> None:
    async with parley.socket() as line:
        accepted = await line.start("[[scenario:bad_request]]", model=parley.models["plain"])
        await line.finished(accepted["turn"])
        again = await line.ask(type="turn.retry", turn=accepted["turn"], model=parley.models["plain"])
        assert again["user_message"] == accepted["user_message"]
        assert (await line.finished(again["turn"]))["status"] == "failed"
    first, second = (parley.rows.answers(turn)[0] for turn in (accepted["turn"], again["turn"]))
    assert first["parent_id"] == second["parent_id"] == accepted["user_message"]


async def test_what_is_whole_or_running_is_not_continued(parley: Parley) -> None:
    async with parley.socket() as line:
        done = (await line.start("[[scenario:echo]] hello", model=parley.models["plain"]))["turn"]
        await line.finished(done)
        running = await begun(line, model=parley.models["plain"])
        for turn, code in ((done, "invalid"), (running, "busy")):
            assert (await line.ask(type="turn.continue", turn=turn))["code"] == code
        assert (await line.ask(type="turn.retry", turn=running))["code"] == "busy"
        await line.send(type="turn.stop", turn=running)
        await line.finished(running)
        await line.send(type="turn.stop", turn=done)
        await line.send(type="ping")
        await line.expect("pong")
    assert parley.rows.turn(done)["status"] == "completed"
