"""Tools of MCP servers that the provider itself calls (the MCP connector, a beta), in a frame and in a request.

A frame has one toolset per server, with nothing enabled but what staff accepted. The servers, with their tokens, belong
to the request alone; the API refuses a toolset whose server is missing, and a server without its toolset. Calls and
results stand in the answer as mcp_tool_use and mcp_tool_result blocks, and go back only under the beta.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chat.claude.betas import with_beta
from chat.claude.blocks import Block, without
from chat.claude.transcript import PathMessage

BETA = "mcp-client-2025-11-20"
TOOLSET = "mcp_toolset"
_BLOCKS = frozenset({"mcp_tool_use", "mcp_tool_result", "mcp_tool_listing"})


def toolset(server: str, tools: Iterable[str]) -> Block:
    """Give the definition of a server's accepted tools; equal sets are equal, whatever their order.

    A tool that the server adds later stays off until staff accept it.
    """
    return {
        "type": TOOLSET,
        "mcp_server_name": server,
        "default_config": {"enabled": False},
        "configs": {name: {"enabled": True} for name in sorted(tools)},
    }


def server_entry(name: str, url: str, token: str) -> Block:
    """Give the part of a request that says where a server is; `token` is empty where none is asked for."""
    entry = {"type": "url", "name": name, "url": url}
    return {**entry, "authorization_token": token} if token else entry


def servers_of(body: Mapping[str, Any]) -> list[str]:
    """List the names of the servers whose toolsets a frame or a request has."""
    return [tool["mcp_server_name"] for tool in body.get("tools", ()) if _is_toolset(tool)]


def without_servers(body: Mapping[str, Any], gone: Collection[str] | None = None) -> dict[str, Any]:
    """Give a frame or a request without the toolsets of these servers, or without any."""
    names = servers_of(body) if gone is None else gone
    tools = [
        tool for tool in body.get("tools", ()) if not (_is_toolset(tool) and tool["mcp_server_name"] in names)
    ]
    return {**body, "tools": tools} if tools else without(dict(body), "tools")


def with_servers(request: Mapping[str, Any], servers: Sequence[Block]) -> dict[str, Any]:
    """Give a request its servers, which must be those of its toolsets. From then on it holds secrets."""
    return with_beta(request, BETA, mcp_servers=list(servers)) if servers else dict(request)


def with_connector_beta(request: Mapping[str, Any]) -> dict[str, Any]:
    """Give a request that names the beta if an earlier answer in it has blocks that need it."""
    needed = any(_has_calls(message["content"]) for message in request["messages"])
    return with_beta(request, BETA) if needed else dict(request)


def without_calls(path: Sequence[PathMessage]) -> list[PathMessage]:
    """Give a path without these blocks, for a platform that refuses them; the thinking beside them is no longer valid.

    A paused answer at its end, which could only be gone on with where it was begun, goes altogether.
    """
    plain = [
        replace(message, content=_plain(message.content), edited=True)
        if _has_calls(message.content)
        else message
        for message in path
    ]
    while plain and plain[-1].role == "assistant" and plain[-1] is not path[len(plain) - 1]:
        plain.pop()
    return plain


def _is_toolset(tool: Mapping[str, Any]) -> bool:
    return tool.get("type") == TOOLSET


def _has_calls(content: Any) -> bool:
    return isinstance(content, list) and any(block.get("type") in _BLOCKS for block in content)


def _plain(content: Sequence[Block]) -> list[Block]:
    return [block for block in content if block.get("type") not in _BLOCKS]
