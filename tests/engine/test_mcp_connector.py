"""MCP servers that the provider calls, in whole turns: what is sent, what is stored, and that tokens are not."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.parley import Parley, assert_clean_shutdown, create_parley
from tests.support.recorder import Recorder
from tests.support.simulator import Upstream
from tests.support.socket_client import SocketClient

TOKEN, PERSONAL = "token-of-the-wiki-4711", "token-of-one-person-4712"
BETA = "mcp-client-2025-11-20"
CARD = "[[scenario:mcp]] What is 1 + 1?"


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def stage(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, recorder: Recorder
) -> Iterator[tuple[Parley, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("connector") / "parley"
    dead = {"base_url": "http://127.0.0.1:9", "max_retries": 0, "kind": "anthropic"}
    connections = [
        {"name": "main", "kind": "anthropic", "model_id": "claude-opus-4-8"},
        {"name": "dead", **dead},
        {"name": "spare", "same_as": "dead", "order": 200},
    ]
    with Upstream(recorder) as upstream:
        made = create_parley(prepared_data, folder, upstream, connections, TOOL_MODULES="tests.support.tools")
        models = {"Main": made.models["main"], "Dead": made.models["dead"]}
        seed = f"from tests.faults.seed_rows import seed_connector; seed_connector({models!r}, {TOKEN!r}, {PERSONAL!r})"
        assistants = json.loads(made.shell(seed).splitlines()[-1])
        made.server.start()
        try:
            yield made, assistants
            assert_clean_shutdown(made)
        finally:
            made.server.kill()


async def answered(client: SocketClient, text: str, **command: Any) -> dict[str, Any]:
    started = await client.start(text, **command)
    return {**started, **await client.finished(started["turn"])}


def content(parley: Parley, turn: str) -> list[dict[str, Any]]:
    return [block for answer in parley.rows.answers(turn) for block in json.loads(answer["content"])]


def toolsets(body: dict[str, Any]) -> list[str]:
    return [tool["mcp_server_name"] for tool in body.get("tools", ()) if tool.get("type") == "mcp_toolset"]


async def test_request_names_servers_and_calls_are_stored(
    stage: tuple[Parley, dict[str, str]], recorder: Recorder
) -> None:
    parley, assistants = stage
    async with parley.socket() as client:
        first = await answered(client, CARD, assistant=assistants["Main"])
        sent = recorder.last()
        assert sent["headers"]["anthropic-beta"] == BETA
        assert sent["body"]["mcp_servers"] == [
            {
                "type": "url",
                "name": "home",
                "url": "https://home.example.test/mcp",
                "authorization_token": PERSONAL,
            },
            {"type": "url", "name": "shop", "url": "https://shop.example.test/mcp"},
            {
                "type": "url",
                "name": "wiki",
                "url": "https://wiki.example.test/mcp",
                "authorization_token": TOKEN,
            },
        ]
        assert toolsets(sent["body"]) == ["home", "shop", "wiki"]
        configs = [tool.get("configs") for tool in sent["body"]["tools"] if "configs" in tool]
        assert configs == [{"add": {"enabled": True}}] * 3, "what drifted is off"
        call, result = [block for block in content(parley, first["turn"]) if block["type"].startswith("mcp_")]
        assert (call["type"], call["server_name"], call["name"]) == ("mcp_tool_use", "home", "add")
        told = [found["block"] for found in client.messages if "mcp_tool" in str(found.get("block"))]
        named = {key: call[key] for key in ("type", "id", "name", "server_name")}
        shown = {key: result[key] for key in ("type", "tool_use_id", "is_error")}
        assert told == [named, {**shown, "result": result["content"]}]
        where = {"conversation": first["conversation"], "parent": first["message"]}
        again = await answered(client, "Thanks. [[scenario:echo]]", **where)
    assert again["status"] == "completed"
    assert recorder.last()["body"]["messages"][1]["content"] == content(parley, first["turn"])


async def test_server_without_sign_in_is_left_out(
    stage: tuple[Parley, dict[str, str]], recorder: Recorder
) -> None:
    parley, assistants = stage
    async with parley.socket("colleague") as client:
        assert (await answered(client, CARD, assistant=assistants["Main"]))["status"] == "completed"
    sent = recorder.last()["body"]
    assert [server["name"] for server in sent["mcp_servers"]] == toolsets(sent) == ["shop", "wiki"]
    assert PERSONAL not in json.dumps(recorder.last())


@contextlib.contextmanager
def sign_in_ended(parley: Parley) -> Iterator[None]:
    """The token's time is over, and nothing answers at the server that could renew it."""
    change = "from chat.models import McpGrant; McpGrant.objects.update(tokens='{}')"
    ended = json.dumps({"token": {"access_token": PERSONAL, "token_type": "Bearer"}, "expires_at": 1})
    parley.shell(change.format(ended))
    try:
        yield
    finally:
        parley.shell(change.format(ended.replace(": 1}", ": null}")))


async def test_ended_sign_in_removes_its_tools(
    stage: tuple[Parley, dict[str, str]], recorder: Recorder
) -> None:
    parley, assistants = stage
    with sign_in_ended(parley):
        async with parley.socket() as client:
            done = await answered(client, CARD, assistant=assistants["Main"])
    assert done["status"] == "completed"
    sent = recorder.last()["body"]
    assert [server["name"] for server in sent["mcp_servers"]] == toolsets(sent) == ["shop", "wiki"]
    turn = parley.rows.turn(done["turn"])
    (frame,) = parley.rows.query("SELECT body FROM chat_frame WHERE digest = ?", turn["frame_id"])
    assert toolsets(json.loads(frame["body"])) == ["shop", "wiki"], "the frame is what was sent"
    assert parley.rows.answers(done["turn"])[0]["frame_id"] == turn["frame_id"]


async def test_server_disabled_during_a_turn_is_left_out(
    stage: tuple[Parley, dict[str, str]], recorder: Recorder
) -> None:
    parley, assistants = stage
    switch = "from chat.models import McpServer; McpServer.objects.filter(name='shop').update(enabled={})"
    async with parley.socket() as client:
        asked = await client.start('/tool careful {"text": "x"}', assistant=assistants["Main"])
        call = (await client.expect("tool.requested", turn=asked["turn"]))["tool_call"]
        await client.expect("turn.waiting", turn=asked["turn"])
        parley.shell(switch.format(False))
        try:
            await client.send(type="tool.decide", tool_call=call, decision="approve")
            end = await client.finished(asked["turn"])
        finally:
            parley.shell(switch.format(True))
    assert end["status"] == "completed"
    sent = recorder.last()["body"]
    assert [server["name"] for server in sent["mcp_servers"]] == toolsets(sent)
    assert "shop" not in toolsets(sent)


async def test_failover_without_connector_leaves_its_tools_out(
    stage: tuple[Parley, dict[str, str]], recorder: Recorder
) -> None:
    parley, assistants = stage
    async with parley.socket() as client:
        first = await answered(client, CARD, assistant=assistants["Main"])
        where = {"conversation": first["conversation"], "parent": first["message"]}
        moved = await answered(client, "And now? [[scenario:mcp]]", assistant=assistants["Dead"], **where)
    assert moved["status"] == "completed"
    assert any(found.get("code") == "failover" for found in client.messages)
    sent = recorder.last()
    assert BETA not in sent["headers"].get("anthropic-beta", "")
    assert "mcp" not in json.dumps(sent["body"]).replace("[[scenario:mcp]]", "")
    assert [tool["name"] for tool in sent["body"]["tools"]] == ["careful"]


def test_tokens_are_stored_nowhere(stage: tuple[Parley, dict[str, str]], recorder: Recorder) -> None:
    parley, _assistants = stage
    assert TOKEN in json.dumps(recorder.sent)
    assert PERSONAL in json.dumps(recorder.sent), "there was something to be found"
    with contextlib.closing(sqlite3.connect(parley.rows.file)) as connection:
        dump = "\n".join(connection.iterdump())
    assert "mcp_tool_use" in dump
    files = [path for path in parley.server.data_dir.rglob("*") if path.is_file() and not path.is_symlink()]
    for secret in (TOKEN, PERSONAL):
        assert secret not in dump
        assert secret not in parley.server.log
        assert not [path.name for path in files if secret.encode() in path.read_bytes()]
