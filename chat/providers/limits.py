"""How much one request may carry, per kind of connection: bytes, pictures, pages.

From the provider's overview, vision and PDF pages (autumn 2026); what a platform does not say is as on the API.
"""

from dataclasses import dataclass

SMALL_CONTEXT_TOKENS = 200_000
# With more pictures than this in one request, each may have this many pixels a side.
MANY_PICTURES = 20
MANY_PICTURES_SIDE = 2_000


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What a request may hold; `picture_base64_bytes` is the size of one picture as it travels."""

    body_bytes: int = 32_000_000
    picture_base64_bytes: int = 10_000_000
    pictures: int = 600
    pages: int = 600


API = RequestLimits()
_BY_KIND = {
    "bedrock": RequestLimits(body_bytes=20_000_000, picture_base64_bytes=5_000_000),
    "vertex": RequestLimits(body_bytes=30_000_000, picture_base64_bytes=5_000_000),
    "google_cloud": RequestLimits(body_bytes=30_000_000, picture_base64_bytes=5_000_000),
}
_SMALL_CONTEXT = {"pictures": 100, "pages": 100}


def request_limits(kind: str, context_tokens: int) -> RequestLimits:
    """Return the limits of a connection's kind for a model with this context."""
    limits = _BY_KIND.get(kind, API)
    if context_tokens > SMALL_CONTEXT_TOKENS:
        return limits
    return RequestLimits(limits.body_bytes, limits.picture_base64_bytes, **_SMALL_CONTEXT)
