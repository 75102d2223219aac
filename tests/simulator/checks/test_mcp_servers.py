"""MCP servers that the API calls: what a request needs, and what the answer contains."""

from typing import Any

import anthropic
import pytest

from tests.simulator.asking import ask, body, replay, said

BETA = {"anthropic-beta": "mcp-client-2025-11-20"}
SHOP = {"type": "url", "name": "shop", "url": "https://shop.example.test/mcp", "authorization_token": "t-1"}
TOOLSET = {
    "type": "mcp_toolset",
    "mcp_server_name": "shop",
    "default_config": {"enabled": False},
    "configs": {"draw": {"enabled": False}, "add": {"enabled": True}},
}
CARD = "[[scenario:mcp]] What is 1 + 1?"


def request(servers: Any = None, tools: Any = None, **headers: str) -> dict[str, Any]:
    servers = [SHOP] if servers is None else servers
    return {
        "tools": [TOOLSET] if tools is None else tools,
        "extra_body": {"mcp_servers": servers},
        "extra_headers": {**BETA, **headers},
    }


def test_answer_has_call_and_result(client: anthropic.Anthropic) -> None:
    content = replay(ask(client, CARD, **request()))["content"]
    assert [block["type"] for block in content] == ["text", "mcp_tool_use", "mcp_tool_result", "text"]
    _words, call, result, _rest = content
    assert (call["server_name"], call["name"]) == ("shop", "add"), "the one that is switched on"
    assert call["input"] == {"text": "What is 1 + 1?"}
    assert (result["tool_use_id"], result["is_error"]) == (call["id"], False)
    assert "shop ran add" in result["content"][0]["text"]
    failed = replay(ask(client, "[[scenario:mcp fails=1]] x", **request()))["content"][2]
    assert failed["is_error"]


def test_stream_has_the_same_content(client: anthropic.Anthropic) -> None:
    whole = ask(client, CARD, **request())
    with client.messages.stream(**body(CARD), **request()) as stream:
        events = [event.to_dict(mode="json", warnings=False) for event in stream]
    starts = [event["content_block"] for event in events if event["type"] == "content_block_start"]
    assert starts[1]["type"] == "mcp_tool_use"
    assert starts[1]["input"] == {}
    assert starts[2] == replay(whole)["content"][2], "a result is whole from its start"


def test_connector_blocks_require_the_beta(client: anthropic.Anthropic) -> None:
    first = ask(client, CARD, **request())
    path = [said(CARD), replay(first), said("Thanks. And now?")]
    assert ask(client, messages=path, **request()).stop_reason == "end_turn"
    assert ask(client, messages=path, extra_headers=BETA).stop_reason == "end_turn", "without any server"
    with pytest.raises(anthropic.BadRequestError, match="mcp_tool_use' needs the beta"):
        ask(client, messages=path)
    torn = [path[0], {"role": "assistant", "content": replay(first)["content"][2:]}, path[2]]
    with pytest.raises(anthropic.BadRequestError, match="without its `mcp_tool_use`"):
        ask(client, messages=torn, **request())


def test_paused_call_continues(client: anthropic.Anthropic) -> None:
    half = {"role": "assistant", "content": replay(ask(client, CARD, **request()))["content"][:2]}
    assert ask(client, messages=[said(CARD), half], **request()).content


def test_counting_accepts_connector_blocks(client: anthropic.Anthropic) -> None:
    asked = {key: value for key, value in body("Hello").items() if key != "max_tokens"}
    bare = client.messages.count_tokens(**asked).input_tokens
    assert client.messages.count_tokens(**asked, **request()).input_tokens > bare


def test_disabled_tools_are_not_called(client: anthropic.Anthropic) -> None:
    off = {**TOOLSET, "configs": {}}
    assert {block["type"] for block in replay(ask(client, CARD, **request(tools=[off])))["content"]} == {
        "text"
    }
    on = {"type": "mcp_toolset", "mcp_server_name": "shop", "configs": {"add": {}}}
    assert replay(ask(client, CARD, **request(tools=[on])))["content"][1]["name"] == "add"


def test_toolsets_combine_with_other_tools(client: anthropic.Anthropic) -> None:
    weather = {"name": "weather", "input_schema": {"type": "object"}}
    answer = ask(client, "[[scenario:tool_loop]] x", **request(tools=[TOOLSET, weather]))
    assert replay(answer)["content"][0]["name"] == "weather"
    assert "`shop`" in replay(ask(client, "Hello", **request()))["content"][0]["text"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({**request(), "extra_headers": {}}, "mcp_servers: Extra inputs"),
    (request(**{"anthropic-beta": "mcp-client-2025-04-04"}), "mcp_servers: Extra inputs"),
    ({"tools": [TOOLSET]}, "needs the beta mcp-client-2025-11-20"),
    ({"tools": [TOOLSET], "extra_headers": BETA}, "'shop' not found in mcp_servers"),
    (request(tools=[]), "'shop' is not referenced"),
    (request(tools=[TOOLSET, TOOLSET]), "already has a toolset"),
    (request(tools=[{**TOOLSET, "mcp_server_name": "wiki"}]), "'wiki' not found"),
    (request(tools=[{**TOOLSET, "mcp_server_name": 5}]), "mcp_server_name: Field required"),
    (request(tools=[{**TOOLSET, "name": "shop"}]), "name: Extra inputs"),
    (request(tools=[{**TOOLSET, "configs": [1]}]), "configs: Input should be an object"),
    (request(tools=[{**TOOLSET, "configs": {"add": 1}}]), "configs.add: Input should be an object"),
    (
        request(tools=[{**TOOLSET, "configs": {"add": {"enabled": 1}}}]),
        "add.enabled: Input should be a valid",
    ),
    (request(tools=[{**TOOLSET, "default_config": {"on": True}}]), "default_config.on: Extra inputs"),
    (request({"name": "shop"}), "mcp_servers: Input should be a valid list"),
    (request(["shop"]), "mcp_servers.0: Input should be an object"),
    (request([SHOP, SHOP]), "names must be unique"),
    (request([{**SHOP, "type": "stdio"}]), "type: Input should be 'url'"),
    (request([{**SHOP, "url": "http://shop.example.test/mcp"}]), "must start with 'https://'"),
    (request([{**SHOP, "url": "https://"}]), "must start with 'https://'"),
    (request([{**SHOP, "url": None}]), "must start with 'https://'"),
    (request([{**SHOP, "name": ""}]), "name: Field required"),
    (request([{**SHOP, "authorization_token": 5}]), "authorization_token: Input should be a valid string"),
    (request([{**SHOP, "token": "t"}]), "token: Extra inputs"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED, ids=[words for _changes, words in REFUSED])
def test_invalid_connector_requests_are_refused(
    client: anthropic.Anthropic, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        ask(client, **changes)
    assert words in str(refused.value)
