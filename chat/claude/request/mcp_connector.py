"""Tools of MCP servers that the provider calls itself (the MCP connector, a beta), in a frame and in a request.

A frame has one toolset per server, with only the tools enabled that staff accepted. The servers with their
tokens belong to the request alone. The API refuses a toolset without its server and a server without its
toolset. Calls and results are mcp_tool_use and mcp_tool_result blocks of the answer, which may be sent again
only under the beta.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chat.claude.content.blocks import Block, without
from chat.claude.request.betas import with_beta
from chat.claude.request.transcript import PathMessage

BETA = "mcp-client-2025-11-20"
TOOLSET = "mcp_toolset"
_BLOCKS = frozenset({"mcp_tool_use", "mcp_tool_result", "mcp_tool_listing"})


def toolset(server: str, tools: Iterable[str]) -> Block:
    """Return the definition of a server's accepted tools. The order of `tools` does not matter.

    A tool that the server adds later stays disabled until staff accept it.
    """
    return {
        "type": TOOLSET,
        "mcp_server_name": server,
        "default_config": {"enabled": False},
        "configs": {name: {"enabled": True} for name in sorted(tools)},
    }


def server_entry(name: str, url: str, token: str) -> Block:
    """Return an element of the request's `mcp_servers`; `token` is empty if the server needs none."""
    entry = {"type": "url", "name": name, "url": url}
    return {**entry, "authorization_token": token} if token else entry


def servers_of(body: Mapping[str, Any]) -> list[str]:
    """Return the names of the servers whose toolsets a frame or a request has."""
    return [tool["mcp_server_name"] for tool in body.get("tools", ()) if _is_toolset(tool)]


def without_servers(body: Mapping[str, Any], removed: Collection[str] | None = None) -> dict[str, Any]:
    """Return a frame or a request without the toolsets of the servers in `removed`, or without all of them."""
    names = servers_of(body) if removed is None else removed
    tools = [
        tool for tool in body.get("tools", ()) if not (_is_toolset(tool) and tool["mcp_server_name"] in names)
    ]
    return {**body, "tools": tools} if tools else without(dict(body), "tools")


def with_servers(request: Mapping[str, Any], servers: Sequence[Block]) -> dict[str, Any]:
    """Return the request with `mcp_servers`, which must be those of its toolsets. The result holds secrets."""
    return with_beta(request, BETA, mcp_servers=list(servers)) if servers else dict(request)


def with_connector_beta(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with the beta named if an earlier answer in it has blocks that need it."""
    needed = any(_has_mcp_blocks(message["content"]) for message in request["messages"])
    return with_beta(request, BETA) if needed else dict(request)


def without_mcp_blocks(path: Sequence[PathMessage]) -> list[PathMessage]:
    """Return the path without MCP blocks, for a platform that refuses them.

    Thinking beside them is no longer valid. Paused answers at the end are removed completely, because they
    can only be continued where they were begun.
    """
    stripped = [
        replace(message, content=_without_mcp(message.content), edited=True)
        if _has_mcp_blocks(message.content)
        else message
        for message in path
    ]
    while stripped and stripped[-1].role == "assistant" and stripped[-1] is not path[len(stripped) - 1]:
        stripped.pop()
    return stripped


def _is_toolset(tool: Mapping[str, Any]) -> bool:
    return tool.get("type") == TOOLSET


def _has_mcp_blocks(content: Any) -> bool:
    return isinstance(content, list) and any(block.get("type") in _BLOCKS for block in content)


def _without_mcp(content: Sequence[Block]) -> list[Block]:
    return [block for block in content if block.get("type") not in _BLOCKS]
