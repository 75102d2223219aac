"""Runs registered Python functions: synchronous ones in a thread of their own, asynchronous ones on the event loop."""

from collections.abc import Awaitable
from typing import Any

from chat.models import ToolDefinition
from chat.tools.registry import registered
from chat.tools.result import ToolContext, ToolFailed, ToolResult, make_result
from chat.tools.threads import FUNCTIONS, in_thread


async def call_function(
    definition: ToolDefinition, tool_input: dict[str, Any], context: ToolContext
) -> ToolResult:
    """Call the function that a definition names.

    Raises:
        ToolFailed: with a message for the model. Other exceptions of the function pass through.
    """
    found = registered().get(definition.target)
    if found is None:
        raise ToolFailed("This tool is not installed here any more.")
    try:
        if found.is_async:
            answer: Awaitable[Any] = found.call(tool_input, context)
        else:
            answer = in_thread(found.call, tool_input, context, limit=FUNCTIONS)
        value = await answer
    except ValueError as error:
        if type(error.__cause__).__module__.startswith("pydantic"):
            raise ToolFailed("The input does not fit what this tool takes.") from error
        raise
    except Exception as error:
        if type(error).__name__ == "ToolError" and hasattr(error, "content"):
            # The SDK's own exception for failing with content.
            return make_result(_listed(error.content), limit_bytes=definition.max_result_bytes, is_error=True)
        raise
    return make_result(_listed(value), limit_bytes=definition.max_result_bytes)


def _listed(value: Any) -> Any:
    """Return an iterable of blocks, which the SDK's tools may give, as a list; other values unchanged."""
    return value if isinstance(value, str | dict | list | int | float | bool | None) else list(value)
