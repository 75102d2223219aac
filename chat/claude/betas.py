"""Betas of the Messages API in the keyword arguments of `messages.create`, which has no parameters for them."""

from collections.abc import Mapping
from typing import Any

HEADER = "anthropic-beta"


def with_beta(request: Mapping[str, Any], beta: str, **fields: Any) -> dict[str, Any]:
    """Give a request that names a beta and has its `fields`; what other betas brought stays."""
    headers = request.get("extra_headers") or {}
    named = [name for name in headers.get(HEADER, "").split(",") if name]
    made = {
        **request,
        "extra_headers": {**headers, HEADER: ",".join(dict.fromkeys([*named, beta]))},
    }
    return {**made, "extra_body": {**(request.get("extra_body") or {}), **fields}} if fields else made
