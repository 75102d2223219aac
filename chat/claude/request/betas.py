"""Beta features of the Messages API in the keyword arguments of `messages.create`, which has no parameters for them."""

from collections.abc import Mapping
from typing import Any

HEADER = "anthropic-beta"


def with_beta(request: Mapping[str, Any], beta: str, **fields: Any) -> dict[str, Any]:
    """Return the request with a beta named in its headers and the beta's `fields` in its body.

    Headers and body fields of other betas are kept.
    """
    headers = request.get("extra_headers") or {}
    # The header is a comma-separated list; dict.fromkeys below keeps its order and drops duplicates.
    named = [name for name in headers.get(HEADER, "").split(",") if name]
    made = {
        **request,
        "extra_headers": {**headers, HEADER: ",".join(dict.fromkeys([*named, beta]))},
    }
    return {**made, "extra_body": {**(request.get("extra_body") or {}), **fields}} if fields else made
