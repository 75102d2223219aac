"""A tool that is a web address: one signed POST with one limited response.

Requests are signed according to Standard Webhooks (headers webhook-id, webhook-timestamp, webhook-signature),
so the receiver can verify with any library that this Parley sent them, and when.
"""

import base64
import datetime as dt
import secrets
from typing import TYPE_CHECKING, Any

from chat.claude.encoding.exact_numbers import exact_json, read_json
from chat.models import ToolDefinition
from chat.models.fields import uuid7
from chat.tools.addresses import Resolver, check_url
from chat.tools.result import ToolContext, ToolFailed, ToolResult, make_result

if TYPE_CHECKING:
    import httpx2

PREFIX = "whsec_"


def new_secret() -> str:
    """Return a new signing secret in the format of Standard Webhooks."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def secret_problem(secret: str) -> bool:
    """Return whether a signing secret can't be used."""
    from standardwebhooks import Webhook

    try:
        Webhook(secret)
    except Exception:  # binascii's error, or the library's own for an empty secret
        return True
    return len(secret.removeprefix(PREFIX)) < 24


async def call_webhook(
    definition: ToolDefinition,
    tool_input: dict[str, Any],
    context: ToolContext,
    *,
    resolve: Resolver | None = None,
) -> ToolResult:
    """Send the input and return the response as a result.

    The receiver may answer with text, any JSON, or {"content": …, "is_error": bool} with text or content
    blocks.

    Raises:
        ToolFailed: no secret, no success status, or an unreadable response.
        EgressRefused, ResponseTooLarge, httpx2.HTTPError: from the guard and the network.
    """
    from chat.tools import egress

    check_url(definition.url)
    if not definition.secret or secret_problem(definition.secret):
        raise ToolFailed("This tool has no signing secret; staff have to set one.")
    body = exact_json(webhook_payload(definition.name, tool_input, context))
    limit = 2 * definition.max_result_bytes + 65_536  # JSON writes some characters with two or six
    async with (
        egress.guarded_client(
            limit_bytes=limit, timeout_seconds=definition.timeout_seconds, resolve=resolve
        ) as client,
        client.stream(
            "POST", definition.url, content=body.encode(), headers=signed_headers(definition.secret, body)
        ) as answer,
    ):
        if not answer.is_success:
            raise ToolFailed(f"The tool's server answered with HTTP status {answer.status_code}.")
        await answer.aread()
    return _result(answer, definition.max_result_bytes)


def webhook_payload(name: str, tool_input: dict[str, Any], context: ToolContext) -> dict[str, Any]:
    """Return the body of the request. Ids are opaque; no name or email address of a person is sent."""
    return {
        "type": "tool.call",
        "tool": name,
        "input": tool_input,
        "user": str(context.user_id),
        "conversation": str(context.conversation_id) if context.conversation_id else None,
        "language": context.language,
        "time_zone": context.time_zone,
    }


def signed_headers(secret: str, body: str) -> dict[str, str]:
    """Return the headers of a request with this body, sent now."""
    from standardwebhooks import Webhook

    now, identifier = dt.datetime.now(dt.UTC), f"msg_{uuid7().hex}"
    return {
        "content-type": "application/json",
        "user-agent": "Parley",
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(identifier, now, body),
    }


def _result(answer: "httpx2.Response", limit_bytes: int) -> ToolResult:
    if "json" not in answer.headers.get("content-type", ""):
        return make_result(answer.text, limit_bytes=limit_bytes)
    try:
        value = read_json(answer.content)
    except (ValueError, RecursionError) as error:
        raise ToolFailed("The tool's answer is not the JSON it says it is.") from error
    if isinstance(value, dict) and "content" in value and value.keys() <= {"content", "is_error"}:
        return make_result(value["content"], limit_bytes=limit_bytes, is_error=value.get("is_error") is True)
    return make_result(value, limit_bytes=limit_bytes)
