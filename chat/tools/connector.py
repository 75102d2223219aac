"""Addresses and tokens of the MCP servers that the provider calls itself, for one request of one person.

The result holds secrets: it is used in that request and nowhere else.
"""

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

from chat.claude.request.mcp_connector import server_entry
from chat.models import McpServer, ProviderConnection
from chat.tools.mcp_auth import token_of
from chat.tools.mcp_grants import SignInNeeded
from chat.tools.threads import in_thread


@dataclasses.dataclass(frozen=True, slots=True)
class ReachableServers:
    """Elements of `mcp_servers`, and the names of servers that can't be called for this person now."""

    servers: list[dict[str, Any]]
    missing: list[str]


async def reachable_servers(
    names: Sequence[str], user_id: uuid.UUID | None, *, connection: ProviderConnection
) -> ReachableServers:
    """Return how servers are called for a person over a connection. Expired tokens are refreshed.

    Without a person only servers without a personal sign-in are included. An address that is not the platform's own
    gets none: it would read the tokens.
    """
    if not connection.takes_mcp_tokens:
        return ReachableServers([], list(names))
    rows = await in_thread(_rows, names)
    tokens = {name: await _token(rows[name], user_id) for name in names if name in rows}
    known = {name: token for name, token in tokens.items() if token is not None}
    return ReachableServers(
        servers=[server_entry(name, rows[name].url, token) for name, token in known.items()],
        missing=[name for name in names if name not in known],
    )


def _rows(names: Sequence[str]) -> dict[str, McpServer]:
    rows = McpServer.objects.filter(name__in=names, enabled=True, route=McpServer.Route.CONNECTOR)
    return {row.name: row for row in rows}


async def _token(server: McpServer, user_id: uuid.UUID | None) -> str | None:
    """Return "" if no token is needed and None if the token is missing."""
    if server.auth == McpServer.Auth.NONE:
        return ""
    if server.auth == McpServer.Auth.BEARER:
        return server.credential or None
    try:
        return await token_of(server, user_id) if user_id else None
    except SignInNeeded:
        return None
