"""Parts of a request with which Anthropic itself calls MCP servers (the connector), and definitions it provides.

Pure data: whoever builds a request merges `mcp_servers` and `tools` into its body and `betas` into its header.
Servers have to be public; what they answer comes back in the message as mcp_tool_use and mcp_tool_result blocks.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

BETA = "mcp-client-2025-11-20"


@dataclasses.dataclass(frozen=True, slots=True)
class ConnectedServer:
    """One server and the names of its tools that staff accepted. `token` is empty where none is asked for."""

    name: str
    url: str
    tools: Sequence[str]
    token: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ConnectorParts:
    """`mcp_servers` holds tokens and so belongs to the request alone; `tools` may be a part of a frozen prefix."""

    mcp_servers: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    betas: list[str]


def connector_parts(servers: Sequence[ConnectedServer]) -> ConnectorParts:
    """Return the parts for these servers, in the order of their names, so that equal sets make equal prefixes.

    Only accepted tools are enabled: a tool that a server adds later stays off until staff accept it.
    """
    ordered = sorted(servers, key=lambda server: server.name)
    return ConnectorParts(
        mcp_servers=[_server(server) for server in ordered],
        tools=[
            {
                "type": "mcp_toolset",
                "mcp_server_name": server.name,
                "default_config": {"enabled": False},
                "configs": {name: {"enabled": True} for name in sorted(server.tools)},
            }
            for server in ordered
        ],
        betas=[BETA] if ordered else [],
    )


def _server(server: ConnectedServer) -> dict[str, Any]:
    token = {"authorization_token": server.token} if server.token else {}
    return {"type": "url", "name": server.name, "url": server.url, **token}


# Definitions as the provider has them, ready for staff to switch on. Searching and fetching directly, not from
# within code, works on every model that can search at all. By the row's name: (title, definition).
PROVIDED: Mapping[str, tuple[str, dict[str, Any]]] = {
    "web_search": (
        "Web search",
        {
            "type": "web_search_20260318",
            "name": "web_search",
            "max_uses": 5,
            "allowed_callers": ["direct"],
        },
    ),
    "web_search_basic": (
        "Web search (older models, other platforms)",
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
    ),
    "web_fetch": (
        "Web fetch",
        {
            "type": "web_fetch_20260318",
            "name": "web_fetch",
            "max_uses": 5,
            "max_content_tokens": 50_000,
            "citations": {"enabled": True},
            "allowed_callers": ["direct"],
        },
    ),
    "web_fetch_basic": (
        "Web fetch (older models)",
        {
            "type": "web_fetch_20250910",
            "name": "web_fetch",
            "max_uses": 5,
            "max_content_tokens": 50_000,
            "citations": {"enabled": True},
        },
    ),
    "code_execution": (
        "Code execution",
        {"type": "code_execution_20260521", "name": "code_execution"},
    ),
}
