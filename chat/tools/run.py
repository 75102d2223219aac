"""Runs one tool call: checks it before, limits it while it runs, and always gives a result.

Every problem becomes a result with a message of its own. Internals (exceptions, addresses, responses of
servers) go to the log as the name of the error's class, never to the model.
"""

import asyncio
import time
from typing import Any

import structlog

from chat.models import Approval, AssistantTool, ToolDefinition
from chat.tools import mcp, python, webhook
from chat.tools.addresses import EgressRefused, ResponseTooLarge
from chat.tools.mcp_auth import sign_in_failure
from chat.tools.mcp_grants import SignInNeeded
from chat.tools.pictures import with_encoded_pictures
from chat.tools.result import ToolContext, ToolFailed, ToolResult, failed_result
from chat.tools.threads import CHECKS, in_thread
from chat.tools.validate import input_problem

log = structlog.get_logger(__name__)


async def run_tool(
    tool: ToolDefinition | None, tool_input: dict[str, Any], context: ToolContext, *, trial: bool = False
) -> ToolResult:
    """Run a tool and return its result. It never raises, except that a cancelled task stays cancelled.

    The rows are read again: a tool that staff have disabled or denied does not run, even if a person approved
    the call. With `trial`, for staff, it runs in any case.
    """
    began = time.monotonic()
    try:
        current = await in_thread(_current, tool, context, trial=trial)
        if current is None:
            return failed_result("This tool is not available.")
        trusted = current.kind != ToolDefinition.Kind.MCP
        problem = await in_thread(
            input_problem, current.input_schema, tool_input, trusted=trusted, limit=CHECKS
        )
    except Exception as error:
        return _failure_result(error, tool, began)
    if problem:
        return failed_result(problem)
    try:
        async with asyncio.timeout(current.timeout_seconds):
            return await with_encoded_pictures(await _call(current, tool_input, context))
    except Exception as error:  # not CancelledError, which stays a cancellation
        return _failure_result(error, current, began)


def _current(tool: ToolDefinition | None, context: ToolContext, *, trial: bool) -> ToolDefinition | None:
    """Return the tool's row as it is now; None if it may not run for this assistant."""
    if tool is None:
        return None
    row = ToolDefinition.objects.select_related("server").filter(pk=tool.pk).first()
    if row is None or trial:
        return row
    on = row.enabled and (row.server is None or row.server.enabled)
    return row if on and _approval(row, context) != Approval.DENY else None


def _approval(tool: ToolDefinition, context: ToolContext) -> str:
    links = AssistantTool.objects.filter(tool=tool)
    link = links.filter(assistant_id=context.assistant_id).first() if context.assistant_id else None
    return (link.approval if link else "") or tool.approval


async def _call(tool: ToolDefinition, tool_input: dict[str, Any], context: ToolContext) -> ToolResult:
    match tool.kind:
        case ToolDefinition.Kind.PYTHON:
            return await python.call_function(tool, tool_input, context)
        case ToolDefinition.Kind.WEBHOOK:
            return await webhook.call_webhook(tool, tool_input, context)
        case ToolDefinition.Kind.MCP:
            return await mcp.call_mcp_tool(tool, tool_input, context)
    raise ToolFailed("This tool is run by the model's provider, not here.")


def _failure_result(error: Exception, tool: ToolDefinition | None, began: float) -> ToolResult:
    log.warning(
        "tool_failed",
        tool=tool.name if tool else None,
        kind=tool.kind if tool else None,
        error=f"{type(error).__module__}.{type(error).__name__}",
        seconds=round(time.monotonic() - began, 3),
    )
    return failed_result(_failure_text(error, tool))


def _failure_text(error: Exception, tool: ToolDefinition | None) -> str:
    import httpx2

    match error:
        case ToolFailed():
            return str(error)
        case SignInNeeded() if tool is not None and tool.server is not None:
            return str(sign_in_failure(tool.server))
        case TimeoutError() | httpx2.TimeoutException() if tool is not None:
            return f"The tool did not finish within {tool.timeout_seconds} seconds."
        case ResponseTooLarge():
            return "The tool's answer is longer than it may be."
        case EgressRefused():
            return "The tool's address is not one that may be called; staff have to look at it."
        case httpx2.DecodingError() | httpx2.RemoteProtocolError():
            return "The tool's server gave an answer that could not be read."
        case httpx2.HTTPError():
            return "The tool's server could not be reached."
    return "The tool failed."
