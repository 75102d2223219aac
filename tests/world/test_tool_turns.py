"""Whole turns with tools of strangers: what leaves, and that no number changes on its way."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from chat.events.payloads import read_event
from chat.events.state import TurnState
from tests.support.asgi import read_body
from tests.support.parley import Parley, assert_clean_shutdown, create_parley
from tests.support.recorder import Recorder
from tests.support.simulator import Loopback, Upstream
from tests.support.socket_client import SocketClient
from tests.tools.servers import SECRET, Served, reply

FOLDER = Path(__file__).parent / "tools"
DIGITS = '{"order_id": 1234567890123456789, "amount": 0.10, "qty": 1}'
HARD = (
    '{"a": 18446744073709551616, "b": [1e400, -0.0, -0, 1.0, 1E5], "c": 0.1000000000000000055511151231257827}'
)


class Shop:
    """A webhook that keeps the exact bytes of the inputs that it gets."""

    def __init__(self) -> None:
        self.inputs: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            body = (await read_body(receive)).decode()
            self.inputs.append(body[body.index('"input":') + 8 : body.index(',"user"')])
            await reply(send, 200, b"done", [(b"content-type", b"text/plain")])


def replay(scope: dict[str, Any], body: dict[str, Any]) -> bytes:
    """A file of recorded events for the first request, another one behind a tool's result."""
    content = body["messages"][-1]["content"]
    after = isinstance(content, list) and any(block.get("type") == "tool_result" for block in content)
    return (FOLDER / ("answer-42.sse" if after else "number-beyond-64-bits.sse")).read_bytes()


async def recorded_upstream(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    data = replay(scope, json.loads(await read_body(receive)))
    await reply(send, 200, data, [(b"content-type", b"text/event-stream")])


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def shop() -> Iterator[tuple[Shop, str]]:
    made = Shop()
    with Served(lambda _url: made) as served:
        yield made, served.url


SEED = """
import json
from pathlib import Path
from chat.models import Assistant, AssistantTool, McpServer, ToolDefinition
from chat.operations.staff.tool_listings import accept_tools
from chat.tools import mcp
listed = json.loads(Path({listing!r}).read_text())["tools"]
entries = [mcp.listing_entry(tool["name"], tool["description"], tool["inputSchema"]) for tool in listed]
server = McpServer.objects.create(name="far", url="https://far.example.test/mcp", listing=entries)
order = ToolDefinition.objects.create(name="order", title="Order", kind="webhook", url={url!r}, secret={secret!r},
    input_schema={{"type": "object", "properties": {{"qty": {{"type": "integer"}}}}}})
taken = accept_tools(server=server, names=[tool["name"] for tool in listed])
ids = {{}}
for name, model in {models!r}.items():
    assistant = Assistant.objects.create(name=name, model_id=model)
    ids[name] = str(assistant.id)
    for tool in [order, *(taken if name == "Odd" else [])]:
        AssistantTool.objects.create(assistant=assistant, tool=tool, approval="allow" if name == "Runs" else "ask")
TOOL = ToolDefinition.objects.create(name="TOOL", kind="webhook", url={url!r}, secret={secret!r},
    input_schema={{"type": "object"}})
AssistantTool.objects.create(assistant_id=ids["Recorded"], tool=TOOL, approval="allow")
print(json.dumps(ids))
"""


@pytest.fixture(scope="module")
def stage(
    prepared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
    recorder: Recorder,
    shop: tuple[Shop, str],
) -> Iterator[tuple[Parley, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("world-tools") / "parley"
    with Upstream(recorder) as upstream, Loopback(recorded_upstream) as recorded:
        connections = [{"name": "main"}, {"name": "recorded", "base_url": recorded.url}]
        made = create_parley(prepared_data, folder, upstream, connections, EGRESS_ALLOW="127.0.0.1")
        main, other = made.models["main"], made.models["recorded"]
        models = {"Asks": main, "Runs": main, "Odd": main, "Recorded": other}
        listing = str(FOLDER / "tools-list.json")
        seed = SEED.format(listing=listing, url=shop[1], secret=SECRET, models=models)
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


async def asked(client: SocketClient, turn: str) -> dict[str, Any]:
    """The tool.requested of a turn as its bytes have it."""
    await client.expect("turn.waiting", turn=turn)
    frames = [frame for frame in client.frames[turn] if b'"type":"tool.requested"' in frame]
    return read_event(frames[-1])


async def test_a_refused_definition_never_leaves(
    stage: tuple[Parley, dict[str, str]], recorder: Recorder
) -> None:
    parley, assistants = stage
    async with parley.socket() as client:
        assert (await answered(client, "Hello", assistant=assistants["Odd"]))["status"] == "completed"
    assert sorted(tool["name"] for tool in recorder.last()["body"]["tools"]) == ["far_ok", "order"]


@pytest.mark.parametrize("digits", [DIGITS, HARD], ids=["digits", "hard"])
async def test_digits_stay_from_the_model_to_the_tool(
    stage: tuple[Parley, dict[str, str]], shop: tuple[Shop, str], digits: str
) -> None:
    parley, assistants = stage
    compact = digits.replace(": ", ":").replace(", ", ",")
    async with parley.socket() as client:
        started = await client.start(f"/tool order {digits}", assistant=assistants["Asks"])
        request = await asked(client, started["turn"])
        assert request["input_json"].replace("\n", "").replace(" ", "") == compact
        frames = b"".join(client.frames[started["turn"]])
        assert f'"input":{compact}'.encode() in frames
        async with program(parley) as api:
            shown = await api.get(f"/turns/{started['turn']}")
            assert compact in shown.text.replace(" ", "")
            messages = await api.get(f"/conversations/{started['conversation']}/messages")
            assert compact in messages.text.replace(" ", "")
        await client.send(type="tool.decide", tool_call=request["tool_call"], decision="approve")
        assert (await client.finished(started["turn"]))["status"] == "completed"
        assert client.frames[started["turn"]] == parley.rows.frames(started["turn"])
        again = await answered(client, "Thanks", conversation=started["conversation"])
    assert shop[0].inputs[-1] == compact
    assert again["status"] == "completed"
    assert TurnState.of(client.frames[started["turn"]]).status == "completed"


def program(parley: Parley) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {parley.people['insider']['chat']}"}
    url = f"{parley.server.url}/api/v1"
    return httpx2.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)


@pytest.mark.parametrize("door", ["socket", "socket as text", "API", "API as text"])
async def test_an_edit_changes_only_what_was_edited(
    stage: tuple[Parley, dict[str, str]], shop: tuple[Shop, str], door: str
) -> None:
    parley, assistants = stage
    wanted = '{"order_id":1234567890123456789,"amount":0.10,"qty":2,"big":1e400}'
    async with parley.socket() as client, program(parley) as api:
        started = await client.start(f"/tool order {DIGITS}", assistant=assistants["Asks"])
        call = (await asked(client, started["turn"]))["tool_call"]
        given = json.dumps(wanted) if door.endswith("as text") else wanted
        decision = f'"decision":"edit","input":{given}'
        if door.startswith("socket"):
            await client.connection.send(f'{{"type":"tool.decide","tool_call":"{call}",{decision}}}')
        else:
            address = f"/tool-calls/{call}/decision"
            headers = {"Content-Type": "application/json"}
            decided = await api.post(address, content=f"{{{decision}}}", headers=headers)
            assert wanted in decided.text.replace(" ", "")
        assert (await client.finished(started["turn"]))["status"] == "completed"
        told = [frame for frame in client.frames[started["turn"]] if b'"type":"tool.decided"' in frame]
        assert f'"input":{wanted}'.encode() in told[0]
    assert shop[0].inputs[-1] == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no JSON", "not a JSON object. Check line 1, column 1."),
        ('{"qty":\n 2,}', "not a JSON object. Check line 2, column 4."),
        ("[1]", "must be a JSON object"),
        ('{"qty": NaN}', "must be a JSON object"),
        ("[" * 100_000, "must be a JSON object"),
        ('{"qty": 0.5}', "0.5 is not of type 'integer'"),
        ('{"qty": "' + "x" * 250_000 + '"}', "too long"),
        (" " * 1_000_001, "too long"),
    ],
    ids=lambda text: text[:20],
)
async def test_an_edit_that_is_refused_can_be_corrected(
    stage: tuple[Parley, dict[str, str]], text: str, words: str
) -> None:
    parley, assistants = stage
    async with parley.socket() as client:
        started = await client.start(f"/tool order {DIGITS}", assistant=assistants["Asks"])
        call = (await asked(client, started["turn"]))["tool_call"]
        await client.send(type="tool.decide", tool_call=call, decision="edit", input=text)
        refused = await client.expect("error", tool_call=call)
        assert words in refused["message"]
        await client.send(type="tool.decide", tool_call=call, decision="deny")
        assert (await client.finished(started["turn"]))["status"] == "completed"


async def test_a_number_beyond_64_bits_ends_no_turn(
    stage: tuple[Parley, dict[str, str]], shop: tuple[Shop, str]
) -> None:
    parley, assistants = stage
    async with parley.socket() as client, asyncio.timeout(30):
        done = await answered(client, "Order it", assistant=assistants["Recorded"])
        assert (done["status"], done["error"]) == ("completed", None)
        assert "42" in client.text(done["turn"])
        assert [call["certainty"] for call in parley.rows.calls(done["turn"])] == ["exact", "exact"]
    assert shop[0].inputs[-1] == '{"order_id":18446744073709551616,"qty":1}'
