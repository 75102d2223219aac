"""Days of charts where clocks change, and in zones that are no whole hours from UTC.

From public reports: a bar for each day where summer time begins (counterscale 61, Seq 902), zones with half hours
(vellum-assistant 24722), evenings that were counted to the next day (loom 4857), and a day that never was.
"""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from chat.models import ApiCall, User
from chat.operations.billing.usage_report import usage_by_day
from tests.operations.billing.test_usage_report import call

CASES = [
    # zone, moments in UTC, the days that they are on
    (
        "America/Toronto",
        ["2024-03-09T05:00", "2024-03-10T04:59", "2024-03-11T03:59", "2024-03-11T04:00"],
        ["2024-03-09", "2024-03-09", "2024-03-10", "2024-03-11"],
    ),
    ("America/New_York", ["2024-11-03T05:30", "2024-11-03T06:30"], ["2024-11-03", "2024-11-03"]),
    ("America/Los_Angeles", ["2026-08-02T00:30", "2026-08-02T06:59"], ["2026-08-01", "2026-08-01"]),
    ("Asia/Kathmandu", ["2026-04-10T18:14", "2026-04-10T18:15"], ["2026-04-10", "2026-04-11"]),
    ("America/St_Johns", ["2026-01-05T03:29", "2026-01-05T03:30"], ["2026-01-04", "2026-01-05"]),
    ("Pacific/Apia", ["2011-12-30T09:59", "2011-12-30T10:00"], ["2011-12-29", "2011-12-31"]),
    ("Africa/Cairo", ["2024-04-25T21:59", "2024-04-25T22:00"], ["2024-04-25", "2024-04-26"]),
]


@pytest.mark.parametrize(("zone", "moments", "days"), CASES, ids=[case[0] for case in CASES])
def test_a_call_is_on_the_day_of_its_person(
    any_database: str, zone: str, moments: list[str], days: list[str]
) -> None:
    user = User.objects.create_user("insider@example.test")
    at = [dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC) for moment in moments]
    ApiCall.objects.bulk_create([call(user, moment) for moment in at])
    since = dt.date.fromisoformat(min(days))
    rows = usage_by_day(user=user, since=since, zone=ZoneInfo(zone))
    counted = {row.day.isoformat(): row.calls for row in rows}
    assert counted == {day: days.count(day) for day in dict.fromkeys(days)}
