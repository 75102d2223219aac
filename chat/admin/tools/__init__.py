"""Tools and MCP servers."""

from chat.admin.tools import definitions

__all__ = ["definitions"]
