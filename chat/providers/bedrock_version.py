"""Sends an earlier API version to Bedrock for older models.

Bedrock accepts the API version of 2026-10-21 for Claude 4.7 and newer only; the SDK writes it into every
request.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anthropic import APIRequest, AsyncCallNext, CallNext

EARLIER_VERSION = "bedrock-2023-05-31"
# Third-generation names have the version first (claude-3-5-sonnet); 4.0 has a date in place of a minor version.
_OLD = re.compile(r"claude-(?:3|[a-z]+-4(?:-[0-6](?!\d)|-20\d{6}|$|@|:))")


def sync_middleware(request: APIRequest, call_next: CallNext) -> Any:
    """Set the API version of a request; a middleware of the SDK's client."""
    return call_next(_versioned(request))


async def async_middleware(request: APIRequest, call_next: AsyncCallNext) -> Any:
    """Set the API version of a request; a middleware of the SDK's asynchronous client."""
    return await call_next(_versioned(request))


def _versioned(request: APIRequest) -> APIRequest:
    body = request.json
    if not isinstance(body, dict) or not _OLD.search(str(body.get("model", ""))):
        return request
    return request.copy(body={"anthropic_version": EARLIER_VERSION, **body})
