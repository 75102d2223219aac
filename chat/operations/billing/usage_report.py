"""A person's own usage by day and model, summed from the ledger in one query."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from chat.claude.billing.usage import Usage
from chat.models import ApiCall, User
from chat.operations.billing.ledger import cost_of

TOKENS = (
    "input_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "cache_read_tokens",
    "output_tokens",
    "thinking_tokens",
)


@dataclasses.dataclass(slots=True)
class UsageOfDay:
    """The sums of one day and model. `saved_usd` is what the cache saved; writes cost more, so it can be negative."""

    day: dt.date
    model_name: str
    calls: int = 0
    cost_usd: Decimal = Decimal(0)
    saved_usd: Decimal = Decimal(0)
    tokens: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(TOKENS, 0))

    @property
    def prompt_tokens(self) -> int:
        """All tokens that were read: new ones, and those from and into the cache."""
        return sum(self.tokens[name] for name in TOKENS[:4])


def usage_by_day(*, user: User, since: dt.date, zone: dt.tzinfo) -> list[UsageOfDay]:
    """Return a person's usage since the midnight of a day: newest day first, then by model (one query).

    Days are those of `zone`: the day on which summer time begins has 23 hours.
    """
    midnight = dt.datetime.combine(since, dt.time(), zone)
    rows = (
        ApiCall.objects.filter(user=user, started_at__gte=midnight)
        .annotate(day=TruncDate("started_at", tzinfo=zone))
        # The prices of a model change a few times a year, so there are few more groups than days and models.
        .values("day", "model_name", "unit_prices")
        .annotate(
            calls=Count("id"),
            sum_usd=Sum("cost_usd"),
            **{f"sum_{name}": Sum(name) for name in TOKENS},
        )
        .order_by("-day", "model_name")
    )
    return _merged(rows)


def _merged(rows: Iterable[Mapping[str, Any]]) -> list[UsageOfDay]:
    found: dict[tuple[dt.date, str], UsageOfDay] = {}
    for row in rows:
        key = (row["day"], row["model_name"])
        one = found.setdefault(key, UsageOfDay(*key))
        one.calls += row["calls"]
        one.cost_usd += row["sum_usd"]
        one.saved_usd += _saved(row)
        for name in TOKENS:
            one.tokens[name] += row[f"sum_{name}"]
    return list(found.values())


def _saved(row: Mapping[str, Any]) -> Decimal:
    """Return what the same prompts would have cost more without the cache."""
    if not row["unit_prices"]:
        return Decimal(0)
    prompt = {name: row[f"sum_{name}"] for name in TOKENS[:4]}
    with_cache = cost_of(Usage(**prompt), row["unit_prices"])
    return cost_of(Usage(input_tokens=sum(prompt.values())), row["unit_prices"]) - with_cache
