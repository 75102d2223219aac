"""MCP servers of strangers over HTTP: how they list their tools, and what they answer, as public reports tell it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chat.claude.schemas.tool_definitions import input_schema_fault
from chat.models import McpServer
from chat.models.fields import uuid7
from chat.tools import mcp
from chat.tools.result import ToolContext, ToolFailed
from tests.support.asgi import read_body
from tests.support.mcp_tools import mcp_tool
from tests.tools.servers import Served, reply

JSON = [(b"content-type", b"application/json")]


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.EGRESS_ALLOW = ["127.0.0.1"]


Write = Callable[[Any, dict[str, Any]], Awaitable[None]]


class Stranger:
    """An MCP server of a few lines; `answer` gives the result of each request. `asked` are the methods and params.

    `write` sends the response to a call where its bytes matter.
    """

    def __init__(self, answer: Callable[[str, dict[str, Any]], Any], write: Write | None = None) -> None:
        self.answer, self.write = answer, write
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] != "POST":
            return await reply(send, 405, b"", JSON)
        asked = json.loads(await read_body(receive))
        method, params = asked["method"], asked.get("params", {})
        self.asked.append((method, params))
        if "id" not in asked:
            return await reply(send, 202, b"", JSON)
        told: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        if method == "initialize":
            about = {"name": "stranger", "version": "1"}
            version = params["protocolVersion"]
            told["result"] = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}
        elif method in ("tools/list", "tools/call"):
            told["result"] = self.answer(method, params)
        else:
            told["error"] = {"code": -32601, "message": "Method not found"}
        if method == "tools/call" and self.write is not None:
            return await self.write(send, told)
        await reply(send, 200, json.dumps(told).encode(), JSON)


def tool(name: str) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}}


PAGES = {None: (["a", "b"], "2"), "2": (["c"], "3"), "3": (["d"], None)}


@pytest.mark.parametrize(
    ("last", "most"),
    [({}, 3), ({"nextCursor": ""}, 4), ({"nextCursor": "3"}, 4), ({"nextCursor": None}, 3)],
    ids=["no cursor", "an empty cursor", "the same cursor again", "null"],
)
async def test_all_pages_of_a_listing_are_read(last: dict[str, Any], most: int) -> None:
    def answer(_method: str, params: dict[str, Any]) -> Any:
        names, following = PAGES.get(params.get("cursor"), ([], None))
        return {
            "tools": [tool(name) for name in names],
            **(last if following is None else {"nextCursor": following}),
        }

    stranger = Stranger(answer)
    with Served(lambda _url: stranger) as served:
        found = await mcp.list_tools(McpServer(name="s", url=f"{served.url}/mcp"))
    assert [entry["name"] for entry in found] == ["a", "b", "c", "d"]
    assert 3 <= sum(method == "tools/list" for method, _params in stranger.asked) <= most


async def call(result: Any, write: Write | None = None) -> list[Any]:
    with Served(lambda _url: Stranger(lambda _method, _params: result, write)) as served:
        server = McpServer(name="s", url=f"{served.url}/mcp")
        found = await mcp.call_mcp_tool(mcp_tool(server, "add"), {}, ToolContext(user_id=uuid7()))
    return [found.is_error, *(block.get("text", block["type"]) for block in found.content)]


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        ({"content": [], "structuredContent": {"n": 1}}, [False, '{"n":1}']),
        ({"structuredContent": {"n": 1}}, [False, '{"n":1}']),
        (
            {"content": [{"type": "text", "text": "2 found"}], "structuredContent": [{"n": 1}, {"n": 2}]},
            [False, "2 found", '{"result":[{"n":1},{"n":2}]}'],
        ),
        ({"content": [{"type": "text", "text": " \n"}]}, [False, "The tool gave no output."]),
        ({"content": [{"type": "text", "text": ""}], "isError": True}, [True, "The tool gave no output."]),
        ({"content": []}, [False, "The tool gave no output."]),
        (
            {
                "content": [
                    {
                        "type": "text",
                        "text": "ok",
                        "annotations": {"audience": ["user"], "priority": 0.5},
                        "_meta": {"x": 1},
                    }
                ]
            },
            [False, "ok"],
        ),
    ],
)
async def test_results_reach_the_model(result: Any, wanted: list[Any]) -> None:
    assert await call(result) == wanted


@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        ({"content": "done"}, [False, "done"]),
        ({"content": {"type": "text", "text": "done"}}, [False, "done"]),
        ({"content": ["one", {"type": "text", "text": "two"}]}, [False, "one", "two"]),
        ({"content": None, "isError": True}, [True, "The tool gave no output."]),
        ({"content": [], "structuredContent": None}, [False, "The tool gave no output."]),
        ({"content": [{"type": "chart", "x": 1}]}, [False, '{"type":"chart","x":1}']),
        ({"content": [{"type": "text"}, {"type": "text", "text": "two"}]}, [False, '{"type":"text"}', "two"]),
        ({"content": [{"type": "image", "data": "AAAA"}]}, [False, '{"type":"image","data":"AAAA"}']),
        ({"structuredContent": "done"}, [False, '{"result":"done"}']),
    ],
)
async def test_answers_that_bend_the_protocol_are_read(result: Any, wanted: list[Any]) -> None:
    assert await call(result) == wanted


NUMBERS = "[1.10,-0,-0.0,1E5,1e400,18446744073709551616,0.1000000000000000055511151231257827,%s,0.5]" % (
    "9" * 5000
)
STRUCTURED = (
    f'{{"prices":{NUMBERS},"text":"1.10 \\" 2.20","nested":{{"1.10":[{{"id":12345678901234567890}}]}}}}'
)
HEAD = '{"jsonrpc":"2.0","id":ID,"result":'
FORMS = {
    "JSON": ("application/json", HEAD + "RESULT}"),
    "JSON in lines": ("application/json; charset=utf-8", HEAD.replace(",", ",\r\n") + "\nRESULT\n}\n"),
    "an event": ("text/event-stream", "id: 1.10\nevent: message\ndata: " + HEAD + "RESULT}\n\n"),
    "an event behind others": (
        "text/event-stream",
        ": 1.10\r\n\r\nid: 1.0\r\ndata:\r\n\r\n"
        'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":0.10}}'
        "\r\n\r\ndata: " + HEAD + "\r\ndata: RESULT\r\ndata:}\r\n\r\n",
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("result", "wanted"),
    [
        (f'{{"content":[],"structuredContent":{STRUCTURED}}}', [STRUCTURED]),
        (f'{{"structuredContent":{NUMBERS}}}', [f'{{"result":{NUMBERS}}}']),
        (f'{{"content":[{{"type":"chart","x":{NUMBERS}}}]}}', [f'{{"type":"chart","x":{NUMBERS}}}']),
        ('{"content":[{"type":"text","text":"It is 1.10"}],"structuredContent":{"a":1.10}}', ["It is 1.10"]),
        (
            '{"content":[{"type":"text","text":"ok","annotations":{"priority":0.50}}],"structuredContent":{"a":1.10}}',
            ["ok", '{"a":1.10}'],
        ),
    ],
    ids=["structured", "a list", "an unknown block", "in the text", "beside a text"],
)
async def test_numbers_of_a_result_keep_their_digits(form: str, result: str, wanted: list[Any]) -> None:
    kind, text = FORMS[form]

    async def answer(send: Any, told: dict[str, Any]) -> None:
        body = text.replace("ID", json.dumps(told["id"])).replace("RESULT", result).encode()
        await reply(send, 200, body, [(b"content-type", kind.encode())])

    assert await call("written", answer) == [False, *wanted]


@pytest.mark.parametrize("result", [{}, {"done": True}, {"content": [], "isError": "perhaps"}])
async def test_answers_that_are_none_fail_in_words(result: Any) -> None:
    with pytest.raises(ToolFailed, match="does not follow the protocol"):
        await call(result)


LISTED = [
    tool("fine"),
    {"name": "none"},
    {"name": "null", "inputSchema": None},
    {"name": "empty", "inputSchema": {}},
    {"name": "any", "inputSchema": {"type": "object", "additionalProperties": {}}},
    {"name": "untyped", "inputSchema": {"properties": {"a": {"type": "string"}}}},
    {"name": 7, "inputSchema": {"type": "object"}},
    {"inputSchema": {"type": "object"}},
    "tool",
]


async def test_one_odd_tool_does_not_hide_the_others() -> None:
    with Served(lambda _url: Stranger(lambda _method, _params: {"tools": LISTED})) as served:
        found = await mcp.list_tools(McpServer(name="s", url=f"{served.url}/mcp"))
    schemas = {entry["name"]: entry["input_schema"] for entry in found}
    bare = {"type": "object"}
    assert schemas == {
        **dict.fromkeys(["fine", "none", "null", "empty"], bare),
        "any": {**bare, "additionalProperties": {}},
        "untyped": {**bare, "properties": {"a": {"type": "string"}}},
    }
    assert [input_schema_fault(schema) for schema in schemas.values()] == [None] * 6
