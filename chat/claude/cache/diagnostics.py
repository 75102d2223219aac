"""Finds out why a request read less from the cache than it could have.

The provider compares a request with the previous one (its cache-diagnostics page): null means no difference,
a null reason means that the comparison was not finished, anything else names the first part that differs. An
expired entry is not a difference, so expiry is found out here by time.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from chat.claude.billing.usage import Usage, whole_number

PENDING, EXPIRED, FRAME_CHANGED, NOT_FOUND = "pending", "expired", "frame_changed", "not_found"


@dataclasses.dataclass(frozen=True, slots=True)
class ExpectedCache:
    """What the previous call left in the cache.

    `cached_tokens` counts all of it, `alive_tokens` the part that should not have expired. `same_frame` says
    whether this call has the same frame.
    """

    cached_tokens: int = 0
    alive_tokens: int = 0
    same_frame: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class CacheMiss:
    """The tokens that were cached but not read, and the reason; the reason is "" when nothing was missed."""

    reason: str = ""
    tokens: int = 0


def diagnose(message: Mapping[str, Any], expected: ExpectedCache, usage: Usage) -> CacheMiss:
    """Return what a call missed. `message` is the call's message so far ({} before message_start)."""
    diagnostics = message.get("diagnostics")
    reason = diagnostics.get("cache_miss_reason") if isinstance(diagnostics, Mapping) else None
    tokens = max(0, expected.cached_tokens - usage.cache_read_tokens) if usage.prompt_tokens else 0
    if isinstance(reason, Mapping) and reason.get("type"):
        counted = whole_number(reason.get("cache_missed_input_tokens"))
        return CacheMiss(str(reason["type"]), tokens if counted is None else counted)
    if not tokens:
        return CacheMiss()
    return CacheMiss(_own_reason(expected, usage, pending=isinstance(diagnostics, Mapping)), tokens)


def _own_reason(expected: ExpectedCache, usage: Usage, *, pending: bool) -> str:
    if not expected.same_frame:
        return FRAME_CHANGED
    if usage.cache_read_tokens >= expected.alive_tokens:
        return EXPIRED
    return PENDING if pending else NOT_FOUND
