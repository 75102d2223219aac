"""The context of a message: today in the workspace's time zone, the person's language and name."""

import datetime as dt
import zoneinfo

import pytest
from django.utils import timezone, translation

from chat.models import Assistant, User, Workspace
from chat.operations.context import DAYS, context_for

pytestmark = pytest.mark.django_db


def test_it_tells_day_language_and_name(insider: User) -> None:
    insider.first_name, insider.language = "Kim", "ko"
    Workspace.objects.create(time_zone="Asia/Seoul")
    today = timezone.now().astimezone(zoneinfo.ZoneInfo("Asia/Seoul"))
    assert context_for(insider, None).split("\n") == [
        f"Today is {DAYS[today.weekday()]}, {today:%Y-%m-%d} (time zone Asia/Seoul).",
        "The person's language setting is Korean.",
        'The person\'s name, as they typed it: "Kim"',
    ]


def test_the_day_is_the_workspaces(insider: User) -> None:
    days = set()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart
        Workspace.objects.update_or_create(id=1, defaults={"time_zone": zone})
        days.add(context_for(insider, None).split(" (")[0])
    assert len(days) == 2


def test_the_language_is_the_persons_else_the_pages_else_the_default(insider: User) -> None:
    with translation.override("ko"):
        assert "Korean" in context_for(insider, None)
    with translation.override(None):
        assert "English" in context_for(insider, None)
    insider.language = "ko"
    assert "Korean" in context_for(insider, None)


def test_an_assistant_may_do_without(insider: User) -> None:
    assert context_for(insider, Assistant(tell_context=False)) == ""
    assert "name" not in context_for(insider, Assistant(tell_context=True))


def test_days_are_named_in_order() -> None:
    assert DAYS[dt.date(2026, 11, 23).weekday()] == "Monday"
