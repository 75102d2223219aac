"""Running one tool call."""

import asyncio
from typing import Any

from chat.models import ToolDefinition
from chat.tools.registry import registered
from chat.tools.result import ToolContext, ToolFailed, ToolResult


async def run_tool(tool: ToolDefinition | None, given: dict[str, Any], context: ToolContext) -> ToolResult:
    """Run a tool and give its result; never raises, except that a cancelled task stays cancelled."""
    if tool is None:
        return _failed("This tool is not available.")
    try:
        async with asyncio.timeout(tool.timeout_seconds):
            text = await registered()[tool.target](**given)
    except TimeoutError:
        return _failed(f"The tool did not finish within {tool.timeout_seconds} seconds.")
    except ToolFailed as error:
        return _failed(str(error))
    except Exception:
        return _failed("The tool failed.")
    return ToolResult([{"type": "text", "text": str(text)}])


def _failed(words: str) -> ToolResult:
    return ToolResult([{"type": "text", "text": words}], is_error=True)
