"""Tools in a running Parley: rounds with thinking, people who decide, stops, and kill -9 in the middle.

The model is one whose thinking is bound to all that stands before it: the simulator refuses a transcript in which a
single block was lost, changed or put elsewhere.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from chat.events.state import TurnState
from tests.faults.stage import Line, Parley, build, ended_well
from tests.support.simulator import Upstream
from tests.support.tools import runs

BOUND = "claude-fable-5-2"


@pytest.fixture(scope="module")
def stage(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    folder = tmp_path_factory.mktemp("tools") / "parley"
    connections = [{"name": "bound", "model_id": BOUND}, {"name": "other", "model_id": "claude-opus-5-5"}]
    environment = {"TOOL_MODULES": "tests.support.tools", "TURN_LEASE_SECONDS": "2"}
    made = build(prepared_data, folder, upstream, connections, **environment)
    made.assistant = made.shell(
        f"from tests.faults.seed import seed_tools; seed_tools({made.models['bound']!r}, name='Handy')"
    ).strip()
    made.server.start()
    try:
        yield made
        ended_well(made)
    finally:
        made.server.kill()


def asking(*calls: str) -> str:
    """Write a message that makes the simulator think and call these tools: "name text"."""
    pairs = [call.split(" ", 1) for call in calls]
    return "\n".join(f"/tool {name} {json.dumps({'text': text})}" for name, text in pairs)


async def requested(line: Line, turn: str, name: str) -> str:
    return str((await line.expect("tool.requested", turn=turn, name=name))["tool_call"])


def messages(stage: Parley, turn: str) -> list[dict[str, Any]]:
    """Return the turn's own messages in order, their content parsed."""
    rows = stage.rows.query("SELECT * FROM chat_message WHERE turn_id = ? ORDER BY depth", turn)
    return [{**row, "content": json.loads(row["content"])} for row in rows]


def results(stage: Parley, turn: str) -> list[dict[str, Any]]:
    (found,) = [row for row in messages(stage, turn) if row["kind"] == "results"]
    assert found["role"] == "user"
    blocks: list[dict[str, Any]] = found["content"]
    return blocks


def statuses(stage: Parley, turn: str) -> dict[str, str]:
    rows = stage.rows.query("SELECT * FROM chat_toolcall WHERE turn_id = ? ORDER BY position", turn)
    return {row["name"]: row["status"] for row in rows}


async def goes_on_well(line: Line, conversation: str) -> None:
    """The whole transcript goes back to the upstream, which checks every signature and every pair."""
    again = await line.start("And now?", conversation=conversation)
    finished = await line.finished(again["turn"])
    assert (finished["status"], finished["error"]) == ("completed", None)


async def test_a_round_survives_kill_9_while_a_person_is_awaited(stage: Parley) -> None:
    before = len(runs(stage.server.data_dir))
    async with stage.socket() as line:
        accepted = await line.start(
            asking("quick one", "fails tower", "careful three"), assistant=stage.assistant
        )
        turn, conversation = accepted["turn"], accepted["conversation"]
        call = await requested(line, turn, "careful")
        await line.expect("turn.waiting", turn=turn)
        assert statuses(stage, turn) == {"quick": "done", "fails": "failed", "careful": "waiting"}
        row = stage.rows.turn(turn)
        assert (row["status"], row["owner"], row["heartbeat_at"]) == ("waiting", "", None)
        stage.server.kill()
        await line.closed()
        seen = list(line.frames[turn])
    await asyncio.to_thread(stage.server.start)
    async with stage.socket() as line, stage.socket("outsider") as stranger:
        await line.send(type="subscribe", conversation=conversation, turn=turn, after=len(seen))
        decision = {"type": "tool.decide", "tool_call": call, "decision": "approve"}
        assert await stranger.refused(**decision) == "not_found"
        await line.send(**decision)
        await line.send(**decision)
        assert (await line.expect("error"))["code"] == "decided"
        finished = await line.finished(turn)
        assert (finished["status"], finished["stop_reason"]) == ("completed", "end_turn")
        assert seen + line.frames[turn] == stage.rows.frames(turn)
        first, given, last = messages(stage, turn)
        assert [block["type"] for block in first["content"]] == ["thinking", "text", *["tool_use"] * 3]
        ids = [block["id"] for block in first["content"] if block["type"] == "tool_use"]
        assert given["content"] == [
            {
                "type": "tool_result",
                "tool_use_id": ids[0],
                "content": [{"type": "text", "text": "quick says one"}],
            },
            {
                "type": "tool_result",
                "tool_use_id": ids[1],
                "content": [{"type": "text", "text": "there is no tower"}],
                "is_error": True,
            },
            {
                "type": "tool_result",
                "tool_use_id": ids[2],
                "content": [{"type": "text", "text": "careful says three"}],
            },
        ]
        assert (given["parent_id"], last["parent_id"]) == (first["id"], given["id"])
        assert "careful says three" in last["text"]
        assert [last["role"], last["status"]] == ["assistant", "complete"]
        await goes_on_well(line, conversation)
    assert sorted(runs(stage.server.data_dir)[before:]) == ["careful three", "fails tower", "quick one"]
    assert [call["status"] for call in stage.rows.calls(turn)] == ["succeeded", "succeeded"]
    state = TurnState.of(stage.rows.frames(turn))
    assert (state.status, {tool["status"] for tool in state.tools.values()}) == (
        "completed",
        {"done", "failed"},
    )
    assert stage.rows.turn(turn)["last_seq"] == state.seq


async def test_a_tool_that_ran_when_its_process_was_killed_is_not_run_again(stage: Parley) -> None:
    async with stage.socket() as line:
        accepted = await line.start(
            asking("endless once", "quick two", "careful x"), assistant=stage.assistant
        )
        turn, conversation = accepted["turn"], accepted["conversation"]
        call = await requested(line, turn, "endless")
        await line.expect("tool.started", tool_call=call)
        await line.expect("tool.finished", tool_call=await requested(line, turn, "quick"))
        async with asyncio.timeout(10):
            while "endless once" not in runs(stage.server.data_dir):
                await asyncio.sleep(0.05)  # it is told before its own task begins
        stage.server.kill()
        await line.closed()
    await asyncio.to_thread(stage.server.start)
    async with stage.socket() as line:
        await line.send(type="subscribe", conversation=conversation, turn=turn, after=0)
        finished = await line.finished(turn)
        assert (finished["status"], finished["error"]["code"]) == ("interrupted", "restarted")
        assert statuses(stage, turn) == {"endless": "failed", "quick": "done", "careful": "stopped"}
        given = results(stage, turn)
        assert [block.get("is_error", False) for block in given] == [True, False, True]
        assert "may have done its work" in given[0]["content"][0]["text"]
        assert TurnState.of(stage.rows.frames(turn)).tools[call]["status"] == "failed"
        accepted = await line.ask(type="turn.continue", turn=turn)
        assert (await line.finished(accepted["turn"]))["status"] == "completed"
        assert "quick says two" in stage.rows.text(accepted["turn"])
        await goes_on_well(line, conversation)
    assert [run for run in runs(stage.server.data_dir) if run.startswith("endless")] == ["endless once"]


@pytest.mark.parametrize("moment", ["running", "waiting"])
async def test_stop_gives_every_call_its_result(stage: Parley, moment: str) -> None:
    calls = ["endless stopped", "careful y"] if moment == "running" else ["quick z", "careful y"]
    async with stage.socket() as line:
        accepted = await line.start(asking(*calls), assistant=stage.assistant)
        turn = accepted["turn"]
        if moment == "running":
            await line.expect("tool.started", tool_call=await requested(line, turn, "endless"))
        else:
            await line.expect("turn.waiting", turn=turn)
        await line.send(type="turn.stop", turn=turn)
        finished = await line.finished(turn)
        assert (finished["status"], finished["error"]) == ("stopped", None)
        given = results(stage, turn)
        assert given[1]["content"] == [{"type": "text", "text": "not run: stopped"}]
        assert [block.get("is_error", False) for block in given] == [moment == "running", True]
        assert line.frames[turn] == stage.rows.frames(turn)
        late = await line.refused(
            type="tool.decide", tool_call=await requested(line, turn, "careful"), decision="approve"
        )
        assert late == "decided"
        await goes_on_well(line, accepted["conversation"])


async def test_decisions_reach_the_tool_and_the_model(stage: Parley) -> None:
    async with stage.socket() as line:
        text = asking("careful first", "careful second", "careful third", "never x", "nothing y", "slow z")
        accepted = await line.start(text, assistant=stage.assistant)
        turn = accepted["turn"]
        asked = [
            (await line.expect("tool.requested", turn=turn, name="careful", count=count))["tool_call"]
            for count in (1, 2, 3)
        ]
        edited = {"text": "something else"}
        decide = {"type": "tool.decide"}
        # The first while another tool still runs: its own engine has to notice.
        await line.send(**decide, tool_call=asked[0], decision="edit", input=edited)
        done = await line.expect("tool.finished", tool_call=asked[0])
        assert done["result"] == [{"type": "text", "text": "careful says something else"}]
        assert (await line.expect("tool.decided", tool_call=asked[0]))["input"] == edited
        await line.expect("turn.waiting", turn=turn)
        assert (
            await line.refused(**decide, tool_call=asked[1], decision="edit", input="no object") == "invalid"
        )
        await line.send(**decide, tool_call=asked[1], decision="deny", reason="Too dear.")
        await line.send(**decide, tool_call=asked[2], decision="approve")
        assert (await line.finished(turn))["status"] == "completed"
        assert line.frames[turn] == stage.rows.frames(turn)
        words = [
            (block.get("is_error", False), block["content"][0]["text"]) for block in results(stage, turn)
        ]
        assert words == [
            (False, "careful says something else"),
            (True, "The person denied this call. Their reason: Too dear."),
            (False, "careful says third"),
            (True, "This tool may not be run here."),
            (True, "There is no tool named nothing here."),
            (True, "The tool did not finish within 1 seconds."),
        ]
        await goes_on_well(line, accepted["conversation"])


async def test_a_refusal_is_followed_by_the_model_that_staff_named(stage: Parley) -> None:
    code = (
        "from chat.models import LanguageModel as M; "
        f"M.objects.filter(id={stage.models['bound']!r}).update(fallback_id={stage.models['other']!r}); "
        "from tests.faults.seed import seed_tools; "
        f"seed_tools({stage.models['bound']!r}, name='Follows', after_refusal='follow'); "
        f"seed_tools({stage.models['bound']!r}, name='Offers', after_refusal='offer')"
    )
    follows, offers = stage.shell(code).split()
    async with stage.socket() as line:
        text = "[[scenario:refusal_mid times=1 key=follow]] Well?"
        accepted = await line.start(text, assistant=follows)
        turn = accepted["turn"]
        assert (await line.finished(turn))["status"] == "completed"
        refused, answered = messages(stage, turn)
        assert (refused["content"], refused["status"], refused["stop_reason"]) == ([], "partial", "refusal")
        assert (answered["model_name"], answered["stop_reason"]) == ("claude-opus-5-5", "end_turn")
        assert refused["frame_id"] != answered["frame_id"]
        (kept,) = json.loads(stage.rows.turn(turn)["notices"])
        assert (kept["code"], kept["from"], kept["to"]) == ("fallback", "bound", "other")
        state = TurnState.of(line.frames[turn])
        assert {block["message"] for block in state.blocks} == {answered["id"]}
        assert [call["connection_name"] for call in stage.rows.calls(turn)] == ["bound", "other"]
        await goes_on_well(line, accepted["conversation"])

        accepted = await line.start(text.replace("follow", "offer"), assistant=offers)
        assert (await line.finished(accepted["turn"]))["status"] == "refused"
        again = await line.ask(type="turn.retry", turn=accepted["turn"], model=stage.models["other"])
        assert (await line.finished(again["turn"]))["status"] == "completed"
        (answer,) = messages(stage, again["turn"])
        assert answer["model_name"] == "claude-opus-5-5"


async def test_programs_decide_over_http(stage: Parley) -> None:
    headers = {"Authorization": f"Bearer {stage.people['insider']['chat']}"}
    async with httpx2.AsyncClient(
        base_url=f"{stage.server.url}/api/v1", headers=headers, timeout=60, trust_env=False
    ) as program:
        asked = {
            "text": asking("careful a", "quick b"),
            "assistant": stage.assistant,
            "client_id": str(uuid4()),
        }
        waiting = await program.post("/turns", json=asked)
        assert waiting.status_code == 202
        turn = waiting.json()
        assert turn["status"] == "waiting"
        careful, quick = turn["tool_calls"]
        assert (careful["status"], careful["input"], careful["title"]) == (
            "waiting",
            {"text": "a"},
            "Careful",
        )
        assert (quick["status"], quick["result"]) == ("done", [{"type": "text", "text": "quick says b"}])
        # Whoever asks again meanwhile hears the same at once.
        assert (await program.post("/turns", json=asked)).json()["status"] == "waiting"
        address = f"/tool-calls/{careful['id']}/decision"
        assert (await program.post(address, json={"decision": "maybe"})).status_code == 422
        assert (await program.post(address, json={"decision": "approve", "x": 1})).status_code == 422
        decided = await program.post(address, json={"decision": "edit", "input": {"text": "c"}})
        assert (decided.status_code, decided.json()["input"], decided.json()["decision"]) == (
            200,
            {"text": "c"},
            "edit",
        )
        again = await program.post(address, json={"decision": "approve"})
        assert (again.status_code, again.json()["code"]) == (409, "decided")
        done = (await program.post("/turns", json=asked)).json()
        assert (done["status"], done["id"]) == ("completed", turn["id"])
        assert [call["status"] for call in done["tool_calls"]] == ["done", "done"]
        assert "careful says c" in done["message"]["text"]


async def test_what_nobody_decides_expires(stage: Parley) -> None:
    async with stage.socket() as line:
        accepted = await line.start(asking("careful late"), assistant=stage.assistant)
        turn = accepted["turn"]
        await line.expect("turn.waiting", turn=turn)
        stage.rows.query(
            "UPDATE chat_toolcall SET expires_at = '2020-01-01 00:00:00' WHERE turn_id = ?", turn
        )
        stage.shell("from chat.tasks import expire_tool_calls_task as t; t(); t()")
        assert (await line.finished(turn))["status"] == "completed"
        assert statuses(stage, turn) == {"careful": "expired"}
        assert line.frames[turn] == stage.rows.frames(turn)
        (given,) = results(stage, turn)
        assert given["is_error"]
        await goes_on_well(line, accepted["conversation"])
