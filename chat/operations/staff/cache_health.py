"""Cache health: what the calls of a frame read, wrote and missed in the last week, and why."""

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from chat.models import ApiCall

DAYS = 7
_TOKENS = {
    "read_tokens": Sum("cache_read_tokens"),
    "written_tokens": Sum(F("cache_write_5m_tokens") + F("cache_write_1h_tokens")),
    "plain_tokens": Sum("input_tokens"),
    "missed_tokens": Sum("cache_missed_tokens"),
}


@dataclasses.dataclass(slots=True)
class Health:
    """Tokens of prompts by use of the cache; `reasons` has the missed ones by reason, the largest first."""

    calls: int = 0
    read_tokens: int = 0
    written_tokens: int = 0
    plain_tokens: int = 0
    missed_tokens: int = 0
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def read_share(self) -> float:
        """The share of all prompts that was read from the cache, 0 to 1."""
        whole = self.read_tokens + self.written_tokens + self.plain_tokens
        return self.read_tokens / whole if whole else 0.0


def health_of(digests: Iterable[str]) -> dict[str, Health]:
    """Return the health of frames over the last week, in two queries; frames without calls have an empty one."""
    digests = list(digests)
    found = {digest: Health() for digest in digests}
    calls = _recent().filter(frame_digest__in=digests)
    for row in calls.values("frame_digest").annotate(calls=Count("id"), **_TOKENS):
        digest = row.pop("frame_digest")
        found[digest] = Health(**row)
    missed = calls.exclude(cache_miss_reason="").values("frame_digest", "cache_miss_reason")
    for row in missed.annotate(tokens=Sum("cache_missed_tokens")).order_by("-tokens", "cache_miss_reason"):
        found[row["frame_digest"]].reasons[row["cache_miss_reason"]] = row["tokens"]
    return found


def daily_health(digest: str) -> dict[dt.date, Health]:
    """Return the health of one frame by day, the last seven days in order, days without calls included."""
    today = timezone.localdate()
    days = {today - dt.timedelta(days=ago): Health() for ago in reversed(range(DAYS))}
    calls = _recent().filter(frame_digest=digest).annotate(day=TruncDate("started_at"))
    rows: Iterable[dict[str, Any]] = calls.values("day").annotate(calls=Count("id"), **_TOKENS)
    for row in rows:
        day = row.pop("day")
        if day in days:
            days[day] = Health(**row)
    return days


def _recent() -> Any:
    """Return calls whose bill is known, from the last seven times 24 hours, not from calendar days."""
    since = timezone.now() - dt.timedelta(days=DAYS)
    return ApiCall.objects.settled().filter(started_at__gte=since, usage__isnull=False)
