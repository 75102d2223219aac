"""Tools of MCP servers as rows: what staff accepted, without a server that runs."""

from typing import Any

from chat.models import McpServer, ToolDefinition
from chat.tools import mcp

ADD = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}


def mcp_tool(server: McpServer, target: str, schema: Any = None, **fields: Any) -> ToolDefinition:
    """A tool that staff accepted and that its server lists unchanged."""
    entry = mcp.listing_entry(target, "", schema or {"type": "object"})
    server.listing = [*server.listing, entry]
    defaults = {"timeout_seconds": 20, "max_result_bytes": 100_000, "approval": "allow"}
    return ToolDefinition(
        name=f"shop_{target}",
        kind="mcp",
        target=target,
        server=server,
        input_schema=entry["input_schema"],
        pinned_digest=entry["digest"],
        **{**defaults, **fields},
    )
