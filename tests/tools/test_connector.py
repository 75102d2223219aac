"""Request parts for servers that Anthropic calls, and the provider's own tools, against the SDK's types."""

import typing
from typing import Any

import pytest
from anthropic import types
from anthropic.types import beta
from typing_extensions import get_type_hints

from chat.tools.connector import BETA, PROVIDED, ConnectedServer, connector_parts

SHOP = ConnectedServer("shop", "https://shop.example.org/mcp", ["buy", "add"], "token-1")
WIKI = ConnectedServer("wiki", "https://wiki.example.org/mcp", ["find"])


def test_parts() -> None:
    parts = connector_parts([WIKI, SHOP])
    assert parts.mcp_servers == [
        {
            "type": "url",
            "name": "shop",
            "url": "https://shop.example.org/mcp",
            "authorization_token": "token-1",
        },
        {"type": "url", "name": "wiki", "url": "https://wiki.example.org/mcp"},
    ]
    assert parts.tools[0] == {
        "type": "mcp_toolset",
        "mcp_server_name": "shop",
        "default_config": {"enabled": False},
        "configs": {"add": {"enabled": True}, "buy": {"enabled": True}},
    }
    assert parts.betas == [BETA] == ["mcp-client-2025-11-20"]
    assert parts == connector_parts([SHOP, WIKI]), "the same set makes the same prefix"
    assert "token-1" not in str(parts.tools)


def test_nothing_for_nobody() -> None:
    parts = connector_parts([])
    assert (parts.mcp_servers, parts.tools, parts.betas) == ([], [], [])


def fits(value: dict[str, Any], shape: Any) -> None:
    hints = get_type_hints(shape, include_extras=True)
    assert value.keys() <= hints.keys()
    assert all(name in value for name in shape.__required_keys__)


def test_parts_have_the_sdks_shape() -> None:
    parts = connector_parts([SHOP, WIKI])
    for server in parts.mcp_servers:
        fits(server, beta.BetaRequestMCPServerURLDefinitionParam)
    for toolset in parts.tools:
        fits(toolset, beta.BetaMCPToolsetParam)


SHAPES = {
    "web_search_20260318": types.WebSearchTool20260318Param,
    "web_search_20250305": types.WebSearchTool20250305Param,
    "web_fetch_20260318": types.WebFetchTool20260318Param,
    "web_fetch_20250910": types.WebFetchTool20250910Param,
    "code_execution_20260521": types.CodeExecutionTool20260521Param,
}


@pytest.mark.parametrize("name", PROVIDED)
def test_provided_tools_have_the_sdks_shape(name: str) -> None:
    _title, definition = PROVIDED[name]
    shape = SHAPES[definition["type"]]
    fits(definition, shape)
    hints = get_type_hints(shape)
    for field in ("type", "name"):
        assert typing.get_args(hints[field]) == (definition[field],)
