"""Why a request read less from the cache than it could have: what the provider says, else what the times say.

The provider compares a request with the one before (its cache-diagnostics page): null is no difference, a null reason
a comparison that was not done yet, anything else names the first part that differs. An entry that expired is no
difference, so that is found out here.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from chat.claude.usage import Usage

PENDING, EXPIRED, FRAME_CHANGED, NOT_FOUND = "pending", "expired", "frame_changed", "not_found"


@dataclasses.dataclass(frozen=True, slots=True)
class Foreseen:
    """What the call before left in the cache: all of it (`cached_tokens`), what should still be there
    (`alive_tokens`), and whether this call has the same frame."""

    cached_tokens: int = 0
    alive_tokens: int = 0
    same_frame: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Missed:
    """Tokens that had been cached and were not read, and why; "" when nothing was missed."""

    reason: str = ""
    tokens: int = 0


def diagnose(message: Mapping[str, Any], foreseen: Foreseen, usage: Usage) -> Missed:
    """Say what a call missed, by its message so far ({} before its start)."""
    told = message.get("diagnostics")
    reason = told.get("cache_miss_reason") if isinstance(told, Mapping) else None
    tokens = max(0, foreseen.cached_tokens - usage.cache_read_tokens) if usage.prompt_tokens else 0
    if isinstance(reason, Mapping) and reason.get("type"):
        counted = reason.get("cache_missed_input_tokens")
        return Missed(str(reason["type"]), counted if type(counted) is int and counted >= 0 else tokens)
    if not tokens:
        return Missed()
    return Missed(_own_reason(foreseen, usage, pending=isinstance(told, Mapping)), tokens)


def _own_reason(foreseen: Foreseen, usage: Usage, *, pending: bool) -> str:
    if not foreseen.same_frame:
        return FRAME_CHANGED
    if usage.cache_read_tokens >= foreseen.alive_tokens:
        return EXPIRED
    return PENDING if pending else NOT_FOUND
