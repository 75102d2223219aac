"""What the calls of a frame read, wrote and missed in a week."""

import datetime as dt

import pytest
from django.utils import timezone

from chat.models import Turn, User
from chat.operations.staff.cache_health import Health, daily_health, health_of
from tests import factories

pytestmark = pytest.mark.django_db
READ = {
    "input_tokens": 100,
    "cache_read_tokens": 800,
    "cache_write_5m_tokens": 60,
    "cache_write_1h_tokens": 40,
}


@pytest.fixture
def turn(insider: User) -> Turn:
    return factories.turn(factories.conversation(insider), text="x", answer="y")


def called(turn: Turn, days_ago: float = 0, **fields: object) -> None:
    started_at = timezone.now() - dt.timedelta(days=days_ago)
    factories.call(turn, **{"frame_digest": turn.frame_id, "started_at": started_at, **READ, **fields})


def test_cache_figures_of_a_week(turn: Turn) -> None:
    called(turn)
    called(turn, 3, cache_miss_reason="expired", cache_missed_tokens=50)
    called(turn, 6, cache_miss_reason="tools_changed", cache_missed_tokens=300)
    called(turn, 8)
    called(turn, usage=None)
    called(turn, frame_digest="other")
    factories.call(turn, status="open", frame_digest=turn.frame_id)
    found = health_of([turn.frame_id, "unused"])
    assert found["unused"] == Health()
    assert found[turn.frame_id] == Health(3, 2400, 300, 300, 350, {"tools_changed": 300, "expired": 50})
    assert found[turn.frame_id].read_share == 0.8
    assert Health().read_share == 0.0


def test_days_are_ordered_and_include_empty_ones(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    # At noon a call of 6.99 days ago is in the week, but on a day before the first one shown.
    noon = timezone.now().replace(hour=12)
    monkeypatch.setattr(timezone, "now", lambda: noon)
    called(turn)
    called(turn, 2, cache_missed_tokens=9)
    called(turn, 6.99)
    days = daily_health(turn.frame_id)
    today = timezone.localdate()
    assert list(days) == [today - dt.timedelta(days=ago) for ago in range(6, -1, -1)]
    assert (days[today].calls, days[today].read_tokens) == (1, 800)
    assert days[today - dt.timedelta(days=2)].missed_tokens == 9
    assert days[today - dt.timedelta(days=4)] == Health()
