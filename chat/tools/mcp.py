"""MCP servers over streamable HTTP, through the SDK's client and the egress guard. Stdio is not supported.

The SDK is imported late. It is prevented from following redirects, reading more than the limit, caching
between people, and checking answers against the server's own schemas, whose regular expressions are not
trusted.
"""

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from chat.claude.encoding.exact_numbers import marked
from chat.claude.encoding.text import clean_json, clean_text
from chat.models import McpServer, ToolDefinition
from chat.tools import mcp_auth
from chat.tools.addresses import EgressRefused, ResponseTooLarge, check_url
from chat.tools.mcp_grants import SignInNeeded
from chat.tools.mcp_results import result_content
from chat.tools.mcp_wire import readable_result
from chat.tools.result import ToolContext, ToolFailed, ToolResult, make_result

if TYPE_CHECKING:
    import httpx2

INVALID_PARAMS = -32602
LISTING_LIMIT_BYTES = 4 * 1024 * 1024
LISTING_SECONDS = 30
MAX_PAGES = 20
MAX_TOOLS = 500


@dataclasses.dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits of one session: total bytes of responses, and seconds per request."""

    bytes: int
    seconds: float


async def list_tools(server: McpServer, *, user_id: uuid.UUID | None = None) -> list[dict[str, Any]]:
    """Return a server's tools: [{"name", "description", "input_schema", "digest"}, …], sorted by name.

    `user_id` says whose sign-in is used if the server requires one.

    Raises:
        ToolFailed, EgressRefused, ResponseTooLarge, TimeoutError, httpx2.HTTPError: the server could not be
        asked.
    """
    found: dict[str, dict[str, Any]] = {}
    # The time limit holds for each page. A limit for all pages together keeps the background job from hanging.
    limits = CallLimits(LISTING_LIMIT_BYTES, LISTING_SECONDS)
    async with asyncio.timeout(2 * LISTING_SECONDS), open_session(server, user_id, limits) as client:
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await client.list_tools(cursor=cursor)
            found |= {
                tool.name: listing_entry(tool.name, tool.description, tool.input_schema)
                for tool in page.tools
            }
            before, cursor = cursor, page.next_cursor
            # Some servers end with an empty cursor, or give the last one again.
            if not cursor or cursor == before or len(found) > MAX_TOOLS:
                break
    return [found[name] for name in sorted(found)][:MAX_TOOLS]


def listing_entry(name: str, description: str | None, input_schema: dict[str, Any]) -> dict[str, Any]:
    """Return one entry of a listing. Its digest does not depend on the order of the schema's keys."""
    entry = clean_json({"name": name, "description": description or "", "input_schema": input_schema})
    exact = json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return {**entry, "digest": hashlib.sha256(exact.encode()).hexdigest()}


async def call_mcp_tool(
    definition: ToolDefinition, tool_input: dict[str, Any], context: ToolContext
) -> ToolResult:
    """Call a tool in the version that staff accepted.

    Raises:
        ToolFailed: it may not be called now, or the server refused. Errors of the guard and the network pass
            through.
    """
    server = definition.server
    if server is None or not server.enabled or server.route != McpServer.Route.PARLEY:
        raise ToolFailed("This tool's server is switched off.")
    if has_drifted(definition):
        raise ToolFailed(
            "This tool has changed at its server. Staff have to look at it before it is used again."
        )
    answer: Any = None
    limits = CallLimits(4 * definition.max_result_bytes + 262_144, definition.timeout_seconds)
    try:
        async with open_session(server, context.user_id, limits) as client:
            answer = await client.session.call_tool(definition.target, marked(tool_input))
    except Exception:
        if answer is None:  # closing the session may fail after the answer arrived
            raise
    try:
        content = result_content(answer)
    except (ValueError, RecursionError) as error:
        raise ToolFailed("The tool's answer could not be read.") from error
    is_error = bool(answer.is_error)
    return make_result(content or None, limit_bytes=definition.max_result_bytes, is_error=is_error)


def has_drifted(definition: ToolDefinition) -> bool:
    """Return whether a tool is missing in its server's last listing or differs from the version that staff accepted."""
    listing = definition.server.listing if definition.server else []
    digests = {entry["name"]: entry["digest"] for entry in listing}
    return not definition.pinned_digest or digests.get(definition.target) != definition.pinned_digest


@contextlib.asynccontextmanager
async def open_session(
    server: McpServer, user_id: uuid.UUID | None, limits: CallLimits
) -> AsyncIterator[Any]:
    """Open a session of the SDK's client with a server, signed in as the server requires."""
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp_types import Implementation

    from chat.tools import egress
    from chat.tools.mcp_digits import keep_digits, write_digits

    check_url(server.url)
    headers, auth = await _credentials(server, user_id)
    http = egress.guarded_client(
        limit_bytes=limits.bytes,
        timeout_seconds=limits.seconds,
        headers=headers,
        auth=auth,
        event_hooks={"request": [write_digits], "response": [keep_digits]},
    )
    transport = streamable_http_client(server.url, http_client=http, max_sse_event_size=limits.bytes)
    name = Implementation(name="parley", version="1")
    client = Client(transport, read_timeout_seconds=limits.seconds, cache=None, client_info=name)
    try:
        async with http, client:
            # Set on this one object: answers are never checked against the server's own output schema.
            vars(client.session)["validate_tool_result"] = _skip_validation
            _read_tolerantly(client.session)
            yield client
    except Exception as error:
        meter = http._transport.meter  # type: ignore[attr-defined]
        raise _cause(error, exceeded=meter.exceeded) from error


async def _skip_validation(*_: Any) -> None:
    return None


def _read_tolerantly(session: Any) -> None:
    """Let a session of the SDK read results that bend the protocol. Set on this one object."""
    dispatcher = session._dispatcher
    send = dispatcher.send_raw_request

    async def send_raw_request(method: str, *arguments: Any, **options: Any) -> Any:
        return readable_result(method, await send(method, *arguments, **options))

    vars(dispatcher)["send_raw_request"] = send_raw_request


async def _credentials(
    server: McpServer, user_id: uuid.UUID | None
) -> tuple[dict[str, str], "httpx2.Auth | None"]:
    if server.auth == McpServer.Auth.BEARER:
        if not server.credential:
            raise ToolFailed("This tool's server has no token; staff have to set one.")
        return {"authorization": f"Bearer {server.credential}"}, None
    if server.auth == McpServer.Auth.OAUTH:
        return {}, await mcp_auth.auth_of(server, user_id)
    return {}, None


def _cause(error: BaseException, *, exceeded: bool) -> Exception:
    """Return the actual cause inside the exception groups of the SDK's tasks."""
    import httpx2
    from mcp import MCPError
    from pydantic import ValidationError

    if exceeded:
        return ResponseTooLarge("the server's answer")
    found = list(_leaves(error))
    for kind in (ToolFailed, EgressRefused, SignInNeeded, TimeoutError, httpx2.HTTPError):
        for leaf in found:
            if isinstance(leaf, kind):
                return leaf
    for leaf in found:
        if isinstance(leaf, MCPError):
            return ToolFailed(_refusal(leaf.error.code, leaf.error.message))
    if any(isinstance(leaf, ValidationError) for leaf in found):
        return ToolFailed("The tool's server sent an answer that does not follow the protocol.")
    return found[0] if found and isinstance(found[0], Exception) else RuntimeError("cancelled")


def _refusal(code: int, message: str) -> str:
    """Return the text of a refusal.

    Only details about the input are included, because other text may reveal the server's internals.
    """
    detail = f": {clean_text(message)[:300]}" if code == INVALID_PARAMS else "."
    return f"The tool's server refused the call (code {code}){detail}"


def _leaves(error: BaseException | None) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    elif error is not None:
        yield error
        yield from _leaves(error.__cause__)
