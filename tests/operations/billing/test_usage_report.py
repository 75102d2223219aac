"""A person's usage by day and model: local days, what the cache saved, and one indexed query."""

import datetime as dt
import zoneinfo
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from chat.models import ApiCall, User
from chat.operations.billing.usage_report import usage_by_day
from tests import factories

pytestmark = pytest.mark.django_db
PRICES = {unit: str(price) for unit, price in factories.PRICES.items()} | {"above_prompt_tokens": "0"}


def call(user: User, at: dt.datetime, **fields: Any) -> ApiCall:
    return ApiCall(
        key=f"call-{at.isoformat()}-{len(fields)}-{user.pk}-{fields.get('model_name')}",
        door="api", purpose="turn", user=user, connection_name="Loopback", status="succeeded",
        certainty="exact", started_at=at, finished_at=at,
        **{"model_name": "claude-test", "cost_usd": Decimal(1), **fields},
    )  # fmt: skip


def days_of(user: User, zone: str, since: str) -> dict[str, int]:
    rows = usage_by_day(user=user, since=dt.date.fromisoformat(since), zone=zoneinfo.ZoneInfo(zone))
    return {row.day.isoformat(): row.calls for row in rows}


def test_sums_are_by_day_and_model_whatever_the_prices_were(insider: User, outsider: User) -> None:
    noon = timezone.now().replace(hour=12)
    dearer = {**PRICES, "input": "6"}
    ApiCall.objects.bulk_create(
        [
            call(insider, noon, unit_prices=PRICES, input_tokens=10, output_tokens=5),
            call(insider, noon - dt.timedelta(hours=1), unit_prices=dearer, input_tokens=1),
            call(insider, noon, model_name="claude-other", unit_prices=None),
            call(outsider, noon, input_tokens=100),
        ]
    )
    other, test = usage_by_day(user=insider, since=noon.date(), zone=dt.UTC)
    assert (test.model_name, test.calls, test.cost_usd) == ("claude-test", 2, Decimal(2))
    assert (test.tokens["input_tokens"], test.tokens["output_tokens"], test.prompt_tokens) == (11, 5, 11)
    assert (other.model_name, other.calls, other.saved_usd) == ("claude-other", 1, Decimal(0))


def test_what_the_cache_saved_is_in_the_prices_of_the_call(insider: User) -> None:
    now = timezone.now()
    ApiCall.objects.bulk_create([call(insider, now, unit_prices=PRICES, cache_read_tokens=1_000_000)])
    (row,) = usage_by_day(user=insider, since=now.date(), zone=dt.UTC)
    assert row.saved_usd == Decimal("2.7")  # 3 instead of 0.3
    ApiCall.objects.update(cache_read_tokens=0, cache_write_1h_tokens=1_000_000)
    (row,) = usage_by_day(user=insider, since=now.date(), zone=dt.UTC)
    assert row.saved_usd == Decimal(-3)  # 6 instead of 3, and never read


def test_a_million_rows_are_read_over_the_index_of_the_person(insider: User) -> None:
    user, since = insider, timezone.localdate()
    with connection.cursor() as cursor:
        rows = ApiCall.objects.filter(user=user, started_at__gte=timezone.now())
        sql, parameters = rows.values("model_name").query.sql_with_params()
        explain = (
            "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "SET enable_seqscan = off; EXPLAIN "
        )
        cursor.execute(explain + sql, parameters)
        assert "call_by_user" in str(cursor.fetchall())
    assert usage_by_day(user=user, since=since, zone=dt.UTC) == []


def test_it_takes_one_query_for_any_number_of_rows(insider: User, django_assert_num_queries: Any) -> None:
    now = timezone.now()
    rows = [call(insider, now - dt.timedelta(minutes=number), unit_prices=PRICES) for number in range(500)]
    ApiCall.objects.bulk_create(rows)
    with django_assert_num_queries(1):
        found = usage_by_day(user=insider, since=now.date() - dt.timedelta(days=2), zone=dt.UTC)
    assert sum(row.calls for row in found) == 500


def test_days_are_the_same_on_every_database(any_database: str) -> None:
    user = factories.person("insider")
    at = dt.datetime(2026, 3, 1, 15, 30, tzinfo=dt.UTC)
    ApiCall.objects.bulk_create([call(user, at, unit_prices=PRICES)])
    assert days_of(user, "Asia/Seoul", "2026-03-01") == {"2026-03-02": 1}
    assert days_of(user, "UTC", "2026-03-01") == {"2026-03-01": 1}
