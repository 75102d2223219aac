"""Checks of requests with MCP servers that the API itself calls (beta mcp-client-2025-11-20).

Each server has exactly one `mcp_toolset` among the tools, and each toolset its server. No server is ever
called: the scenario `mcp` makes up the results.
"""

from typing import Any
from urllib.parse import urlsplit

from chat.simulator.prompts.prompt import Prompt
from chat.simulator.transport.wire import ApiError, invalid

BETA = "mcp-client-2025-11-20"
TOOLSET = "mcp_toolset"
BLOCKS = ("mcp_tool_use", "mcp_tool_result")
SERVER_FIELDS = ("type", "url", "name", "authorization_token")
TOOLSET_FIELDS = ("type", "mcp_server_name", "default_config", "configs", "cache_control")
CONFIG_FIELDS = ("enabled", "defer_loading")


def check(body: dict[str, Any], betas: tuple[str, ...]) -> None:
    """Check servers, toolsets and blocks of a request whose messages are checked already.

    Raises:
        ApiError: 400.
    """
    toolsets = [
        (f"tools.{number}", tool)
        for number, tool in enumerate(body.get("tools") or ())
        if tool.get("type") == TOOLSET
    ]
    if BETA not in betas:
        _check_absence(body, toolsets)
        return
    servers = _server_names(body.get("mcp_servers"))
    used: list[str] = []
    for where, toolset in toolsets:
        name = _check_toolset(where, toolset)
        if name not in servers:
            raise invalid(f"{where}.mcp_server_name", f"MCP server '{name}' not found in mcp_servers")
        if name in used:
            raise invalid(f"{where}.mcp_server_name", f"MCP server '{name}' already has a toolset")
        used.append(name)
    for name in servers:
        if name not in used:
            raise invalid("mcp_servers", f"MCP server '{name}' is not referenced by any mcp_toolset in tools")
    _check_results(body["messages"])


def enabled_tools(prompt: Prompt) -> list[tuple[str, str]]:
    """Return the tools that the toolsets enable by name, as (server, tool)."""
    return [
        (toolset["mcp_server_name"], name)
        for toolset in prompt.tools
        if toolset.get("type") == TOOLSET
        for name, config in (toolset.get("configs") or {}).items()
        if config.get("enabled", (toolset.get("default_config") or {}).get("enabled", True))
    ]


def _check_absence(body: dict[str, Any], toolsets: list[tuple[str, Any]]) -> None:
    # The field itself was refused before: it is not known without its beta.
    for where, _toolset in toolsets:
        raise invalid(f"{where}.type", f"Input tag '{TOOLSET}' needs the beta {BETA}")
    for number, message in enumerate(body["messages"]):
        for position, block in enumerate(_blocks(message)):
            if block["type"] in BLOCKS:
                raise invalid(
                    f"messages.{number}.content.{position}",
                    f"Input tag '{block['type']}' needs the beta {BETA}",
                )


def _server_names(servers: Any) -> list[str]:
    if not isinstance(servers, list | None):
        raise invalid("mcp_servers", "Input should be a valid list")
    names: list[str] = []
    for number, server in enumerate(servers or ()):
        where = f"mcp_servers.{number}"
        _check_fields(where, server, SERVER_FIELDS)
        if server.get("type") != "url":
            raise invalid(f"{where}.type", "Input should be 'url'")
        address = urlsplit(server["url"]) if isinstance(server.get("url"), str) else None
        if address is None or address.scheme != "https" or not address.hostname:
            raise invalid(f"{where}.url", "URL must start with 'https://'")
        if not isinstance(server.get("authorization_token"), str | None):
            raise invalid(f"{where}.authorization_token", "Input should be a valid string")
        name = server.get("name")
        if not isinstance(name, str) or not name:
            raise invalid(f"{where}.name", "Field required")
        if name in names:
            raise ApiError(400, "mcp_servers: server names must be unique")
        names.append(name)
    return names


def _check_toolset(where: str, toolset: dict[str, Any]) -> str:
    """Return the name of the server that a toolset belongs to."""
    _check_fields(where, toolset, TOOLSET_FIELDS)
    name = toolset.get("mcp_server_name")
    if not isinstance(name, str) or not name:
        raise invalid(f"{where}.mcp_server_name", "Field required")
    configs = toolset.get("configs") or {}
    if not isinstance(configs, dict):
        raise invalid(f"{where}.configs", "Input should be an object")
    named = {f"configs.{tool}": config for tool, config in configs.items()}
    for part, config in [("default_config", toolset.get("default_config") or {}), *named.items()]:
        _check_fields(f"{where}.{part}", config, CONFIG_FIELDS)
        for field, value in config.items():
            if not isinstance(value, bool):
                raise invalid(f"{where}.{part}.{field}", "Input should be a valid boolean")
    return name


def _check_fields(where: str, value: Any, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise invalid(where, "Input should be an object")
    for name in value:
        if name not in allowed:
            raise invalid(f"{where}.{name}", "Extra inputs are not permitted")


def _check_results(messages: list[dict[str, Any]]) -> None:
    """Check that each result comes after its call in the same message."""
    for number, message in enumerate(messages):
        called: set[str] = set()
        for position, block in enumerate(_blocks(message)):
            if block["type"] == "mcp_tool_use":
                called.add(block["id"])
            elif block["type"] == "mcp_tool_result" and block.get("tool_use_id") not in called:
                raise invalid(
                    f"messages.{number}.content.{position}",
                    "`mcp_tool_result` without its `mcp_tool_use` before it",
                )


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    return message["content"] if isinstance(message["content"], list) else []
