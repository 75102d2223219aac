"""The parts of frames and requests with which the provider calls MCP servers itself, against the SDK's types."""

from typing import Any

from anthropic.types import beta
from typing_extensions import get_type_hints

from chat.claude.request import mcp_connector
from chat.claude.request.betas import with_beta
from chat.claude.request.transcript import PathMessage, to_messages

SHOP, WIKI = mcp_connector.toolset("shop", ["buy", "add"]), mcp_connector.toolset("wiki", ["find"])
WEATHER = {"name": "weather", "input_schema": {"type": "object"}}
CALL = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "add", "server_name": "shop", "input": {}}
RESULT = {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": False, "content": []}


def said(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def fits(value: dict[str, Any], shape: Any) -> None:
    assert value.keys() <= get_type_hints(shape, include_extras=True).keys()
    assert all(name in value for name in shape.__required_keys__)


def test_toolset_enables_only_accepted_tools() -> None:
    assert SHOP == {
        "type": "mcp_toolset",
        "mcp_server_name": "shop",
        "default_config": {"enabled": False},
        "configs": {"add": {"enabled": True}, "buy": {"enabled": True}},
    }
    fits(SHOP, beta.BetaMCPToolsetParam)
    assert str(SHOP) == str(mcp_connector.toolset("shop", ["add", "buy"])), (
        "the same set makes the same prefix"
    )


def test_server_entry_has_a_token_only_if_given() -> None:
    entry = mcp_connector.server_entry("shop", "https://shop.example.test/mcp", "t-1")
    assert entry == {
        "type": "url",
        "name": "shop",
        "url": "https://shop.example.test/mcp",
        "authorization_token": "t-1",
    }
    fits(entry, beta.BetaRequestMCPServerURLDefinitionParam)
    assert "authorization_token" not in mcp_connector.server_entry("wiki", "https://wiki.example.test", "")


def test_toolsets_are_removed_by_name_or_all() -> None:
    body = {"model": "m", "tools": [WEATHER, SHOP, WIKI]}
    assert mcp_connector.servers_of(body) == ["shop", "wiki"]
    assert mcp_connector.servers_of({"model": "m"}) == []
    assert mcp_connector.without_servers(body, ["shop"])["tools"] == [WEATHER, WIKI]
    assert mcp_connector.without_servers(body)["tools"] == [WEATHER]
    assert mcp_connector.without_servers({"model": "m", "tools": [SHOP]}) == {"model": "m"}
    assert len(body["tools"]) == 3, "what was given is as it was"


def test_betas_are_combined() -> None:
    first = with_beta({"model": "m", "extra_headers": {"x": "1"}}, "one", field=1)
    both = mcp_connector.with_servers(first, [{"name": "shop"}])
    assert both["extra_headers"] == {"x": "1", "anthropic-beta": f"one,{mcp_connector.BETA}"}
    assert both["extra_body"] == {"field": 1, "mcp_servers": [{"name": "shop"}]}
    assert with_beta(both, "one")["extra_headers"] == both["extra_headers"]
    assert mcp_connector.with_servers(first, []) == first


def test_blocks_of_the_connector_need_its_beta() -> None:
    plain = {"messages": [{"role": "user", "content": "Hi"}, {"role": "user", "content": [said("Hi")]}]}
    assert mcp_connector.with_connector_beta(plain) == plain
    asked = {"messages": [*plain["messages"], {"role": "assistant", "content": [CALL, RESULT]}]}
    assert mcp_connector.with_connector_beta(asked)["extra_headers"] == {"anthropic-beta": mcp_connector.BETA}


def test_path_without_connector_leaves_its_calls_out() -> None:
    thought = {"type": "thinking", "thinking": "x", "signature": "s"}
    question = PathMessage("user", [said("1 + 1?")])
    answer = PathMessage("assistant", [thought, CALL, RESULT, said("2")], frame="f", complete=True)
    path = [question, answer, PathMessage("user", [said("And 2 + 2?")])]
    messages = to_messages(mcp_connector.without_mcp_blocks(path), "f")
    assert [message["content"] for message in messages] == [
        [said("1 + 1?")],
        [said("2")],
        [said("And 2 + 2?")],
    ]
    assert to_messages(path, "f")[1]["content"] == answer.content, "elsewhere all of it goes back"
    assert mcp_connector.without_mcp_blocks([question]) == [question]


def test_pause_that_cannot_continue_is_dropped() -> None:
    question = PathMessage("user", [said("1 + 1?")])
    paused = PathMessage("assistant", [said("Let me see."), CALL])
    assert mcp_connector.without_mcp_blocks([question, paused]) == [question]
    plain = PathMessage("assistant", [said("2")])
    assert mcp_connector.without_mcp_blocks([question, plain]) == [question, plain]
