"""Tools in a running Parley: rounds with thinking, decisions, stops, and kill -9 in the middle.

The model binds its thinking to all blocks before it: the simulator refuses a transcript in which a block was lost,
changed or moved.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from chat.events.state import TurnState
from tests.faults.tool_turns import (
    assert_conversation_continues,
    call_statuses,
    requested_call,
    tool_message,
    tool_results,
    turn_messages,
)
from tests.support.parley import Parley, create_parley
from tests.support.simulator import Upstream
from tests.support.socket_client import LONGEST_WAIT_SECONDS
from tests.support.tools import runs

BOUND = "claude-fable-5-2"


@pytest.fixture(scope="module")
def parley(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    folder = tmp_path_factory.mktemp("tools") / "parley"
    connections = [{"name": "bound", "model_id": BOUND}, {"name": "other", "model_id": "claude-opus-5-5"}]
    environment = {"TOOL_MODULES": "tests.support.tools", "TURN_LEASE_SECONDS": "2"}
    created = create_parley(prepared_data, folder, upstream, connections, **environment)
    model = created.models["bound"]
    seed = f"from tests.faults.seed_rows import seed_tools; seed_tools({model!r}, name='Handy')"
    created.assistant = created.shell(seed).strip()
    with created.running():
        yield created


async def test_waiting_decision_survives_kill_9(parley: Parley) -> None:
    before = len(runs(parley.server.data_dir))
    async with parley.socket() as client:
        accepted = await client.start(
            tool_message("quick one", "fails tower", "careful three"), assistant=parley.assistant
        )
        turn, conversation = accepted["turn"], accepted["conversation"]
        call = await requested_call(client, turn, "careful")
        await client.expect("turn.waiting", turn=turn)
        assert call_statuses(parley, turn) == {"quick": "done", "fails": "failed", "careful": "waiting"}
        row = parley.rows.turn(turn)
        assert (row["status"], row["owner"], row["heartbeat_at"]) == ("waiting", "", None)
        parley.server.kill()
        await client.closed()
        seen = list(client.frames[turn])
    await asyncio.to_thread(parley.server.start)
    async with parley.socket() as client, parley.socket("outsider") as stranger:
        await client.send(type="subscribe", conversation=conversation, turn=turn, after=len(seen))
        decision = {"type": "tool.decide", "tool_call": call, "decision": "approve"}
        assert await stranger.refused(**decision) == "not_found"
        await client.send(**decision)
        await client.send(**decision)
        assert (await client.expect("error"))["code"] == "decided"
        finished = await client.finished(turn)
        assert (finished["status"], finished["stop_reason"]) == ("completed", "end_turn")
        assert seen + client.frames[turn] == parley.rows.frames(turn)
        first, given, last = turn_messages(parley, turn)
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
        await assert_conversation_continues(client, conversation)
    assert sorted(runs(parley.server.data_dir)[before:]) == ["careful three", "fails tower", "quick one"]
    assert [call["status"] for call in parley.rows.calls(turn)] == ["succeeded", "succeeded"]
    state = TurnState.of(parley.rows.frames(turn))
    assert (state.status, {tool["status"] for tool in state.tools.values()}) == (
        "completed",
        {"done", "failed"},
    )
    assert parley.rows.turn(turn)["last_seq"] == state.seq


async def test_killed_tool_is_not_run_again(parley: Parley) -> None:
    async with parley.socket() as client:
        accepted = await client.start(
            tool_message("endless once", "quick two", "careful x"), assistant=parley.assistant
        )
        turn, conversation = accepted["turn"], accepted["conversation"]
        call = await requested_call(client, turn, "endless")
        await client.expect("tool.started", tool_call=call)
        await client.expect("tool.finished", tool_call=await requested_call(client, turn, "quick"))
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            while "endless once" not in runs(parley.server.data_dir):
                await asyncio.sleep(0.05)  # the event is sent before the tool's own task begins
        parley.server.kill()
        await client.closed()
    await asyncio.to_thread(parley.server.start)
    async with parley.socket() as client:
        await client.send(type="subscribe", conversation=conversation, turn=turn, after=0)
        finished = await client.finished(turn)
        assert (finished["status"], finished["error"]["code"]) == ("interrupted", "restarted")
        assert call_statuses(parley, turn) == {"endless": "failed", "quick": "done", "careful": "stopped"}
        given = tool_results(parley, turn)
        assert [block.get("is_error", False) for block in given] == [True, False, True]
        assert "may have done its work" in given[0]["content"][0]["text"]
        assert TurnState.of(parley.rows.frames(turn)).tools[call]["status"] == "failed"
        accepted = await client.ask(type="turn.continue", turn=turn)
        assert (await client.finished(accepted["turn"]))["status"] == "completed"
        assert "quick says two" in parley.rows.text(accepted["turn"])
        await assert_conversation_continues(client, conversation)
    assert [run for run in runs(parley.server.data_dir) if run.startswith("endless")] == ["endless once"]


@pytest.mark.parametrize("moment", ["running", "waiting"])
async def test_stop_gives_every_call_its_result(parley: Parley, moment: str) -> None:
    calls = ["endless stopped", "careful y"] if moment == "running" else ["quick z", "careful y"]
    async with parley.socket() as client:
        accepted = await client.start(tool_message(*calls), assistant=parley.assistant)
        turn = accepted["turn"]
        if moment == "running":
            await client.expect("tool.started", tool_call=await requested_call(client, turn, "endless"))
        else:
            await client.expect("turn.waiting", turn=turn)
        await client.send(type="turn.stop", turn=turn)
        finished = await client.finished(turn)
        assert (finished["status"], finished["error"]) == ("stopped", None)
        given = tool_results(parley, turn)
        assert given[1]["content"] == [{"type": "text", "text": "not run: stopped"}]
        assert [block.get("is_error", False) for block in given] == [moment == "running", True]
        assert client.frames[turn] == parley.rows.frames(turn)
        late = await client.refused(
            type="tool.decide", tool_call=await requested_call(client, turn, "careful"), decision="approve"
        )
        assert late == "decided"
        await assert_conversation_continues(client, accepted["conversation"])


async def test_decisions_reach_the_tool_and_the_model(parley: Parley) -> None:
    async with parley.socket() as client:
        text = tool_message(
            "careful first", "careful second", "careful third", "never x", "nothing y", "slow z"
        )
        accepted = await client.start(text, assistant=parley.assistant)
        turn = accepted["turn"]
        asked = [
            (await client.expect("tool.requested", turn=turn, name="careful", count=count))["tool_call"]
            for count in (1, 2, 3)
        ]
        edited = {"text": "something else"}
        decide = {"type": "tool.decide"}
        # The first decision comes while another tool still runs: the running engine has to notice it.
        await client.send(**decide, tool_call=asked[0], decision="edit", input=edited)
        done = await client.expect("tool.finished", tool_call=asked[0])
        assert done["result"] == [{"type": "text", "text": "careful says something else"}]
        assert (await client.expect("tool.decided", tool_call=asked[0]))["input"] == edited
        await client.expect("turn.waiting", turn=turn)
        assert (
            await client.refused(**decide, tool_call=asked[1], decision="edit", input="no object")
            == "invalid"
        )
        await client.send(**decide, tool_call=asked[1], decision="deny", reason="Too dear.")
        await client.send(**decide, tool_call=asked[2], decision="approve")
        assert (await client.finished(turn))["status"] == "completed"
        assert client.frames[turn] == parley.rows.frames(turn)
        words = [
            (block.get("is_error", False), block["content"][0]["text"])
            for block in tool_results(parley, turn)
        ]
        assert words == [
            (False, "careful says something else"),
            (True, "The person denied this call. Their reason: Too dear."),
            (False, "careful says third"),
            (True, "This tool may not be run here."),
            (True, "There is no tool named nothing here."),
            (True, "The tool did not finish within 1 seconds."),
        ]
        await assert_conversation_continues(client, accepted["conversation"])


async def test_fallback_model_answers_after_a_refusal(parley: Parley) -> None:
    code = (
        "from chat.models import LanguageModel as M; "
        f"M.objects.filter(id={parley.models['bound']!r}).update(fallback_id={parley.models['other']!r}); "
        "from tests.faults.seed_rows import seed_tools; "
        f"seed_tools({parley.models['bound']!r}, name='Follows', after_refusal='follow'); "
        f"seed_tools({parley.models['bound']!r}, name='Offers', after_refusal='offer')"
    )
    follows, offers = parley.shell(code).split()
    async with parley.socket() as client:
        text = "[[scenario:refusal_mid times=1 key=follow]] Well?"
        accepted = await client.start(text, assistant=follows)
        turn = accepted["turn"]
        assert (await client.finished(turn))["status"] == "completed"
        refused, answered = turn_messages(parley, turn)
        assert (refused["content"], refused["status"], refused["stop_reason"]) == ([], "partial", "refusal")
        assert (answered["model_name"], answered["stop_reason"]) == ("claude-opus-5-5", "end_turn")
        assert refused["frame_id"] != answered["frame_id"]
        (kept,) = json.loads(parley.rows.turn(turn)["notices"])
        assert (kept["code"], kept["from"], kept["to"]) == ("fallback", "bound", "other")
        state = TurnState.of(client.frames[turn])
        assert {block["message"] for block in state.blocks} == {answered["id"]}
        assert [call["connection_name"] for call in parley.rows.calls(turn)] == ["bound", "other"]
        await assert_conversation_continues(client, accepted["conversation"])

        accepted = await client.start(text.replace("follow", "offer"), assistant=offers)
        assert (await client.finished(accepted["turn"]))["status"] == "refused"
        again = await client.ask(type="turn.retry", turn=accepted["turn"], model=parley.models["other"])
        assert (await client.finished(again["turn"]))["status"] == "completed"
        (answer,) = turn_messages(parley, again["turn"])
        assert answer["model_name"] == "claude-opus-5-5"


async def test_tool_calls_are_decided_over_the_api(parley: Parley) -> None:
    headers = {"Authorization": f"Bearer {parley.people['insider']['chat']}"}
    async with httpx2.AsyncClient(
        base_url=f"{parley.server.url}/api/v1", headers=headers, timeout=60, trust_env=False
    ) as program:
        asked = {
            "text": tool_message("careful a", "quick b"),
            "assistant": parley.assistant,
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
        # A repeated request returns the same at once.
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


async def test_undecided_call_expires(parley: Parley) -> None:
    async with parley.socket() as client:
        accepted = await client.start(tool_message("careful late"), assistant=parley.assistant)
        turn = accepted["turn"]
        await client.expect("turn.waiting", turn=turn)
        parley.rows.query(
            "UPDATE chat_toolcall SET expires_at = '2020-01-01 00:00:00' WHERE turn_id = ?", turn
        )
        parley.shell("from chat.tasks import expire_tool_calls_task as t; t(); t()")
        assert (await client.finished(turn))["status"] == "completed"
        assert call_statuses(parley, turn) == {"careful": "expired"}
        assert client.frames[turn] == parley.rows.frames(turn)
        (given,) = tool_results(parley, turn)
        assert given["is_error"]
        await assert_conversation_continues(client, accepted["conversation"])
