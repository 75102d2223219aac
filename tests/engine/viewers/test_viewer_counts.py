"""Viewers of a person in several processes: what is told, how long it holds, and what is left out."""

import uuid

import pytest
from django.conf import settings

from chat.engine.viewers.hub import Hub, TooManyViewers
from chat.engine.viewers.viewer_counts import EXPIRES_SECONDS, REPEATED_SECONDS, Announcer, ElsewhereCounts
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


def test_counts_of_other_processes_add_up_and_expire(clock: Clock) -> None:
    person, elsewhere = uuid.uuid4(), ElsewhereCounts(clock)
    elsewhere.take("one", {str(person): 3})
    clock.now += EXPIRES_SECONDS - 1
    elsewhere.take("two", {str(person): 4, "another": 9})
    assert elsewhere.of(person) == 7
    elsewhere.take("two", {str(person): 2})
    assert elsewhere.of(person) == 5
    clock.now += 1
    assert elsewhere.of(person) == 2
    elsewhere.take("two", {})
    assert elsewhere.of(person) == 0
    elsewhere.take("three", {})
    assert elsewhere._told == {}, "processes that are gone are forgotten"


def test_numbers_are_told_when_they_change_and_again_later(clock: Clock) -> None:
    present: dict[str, int] = {}
    asked_for: list[int] = []

    def counts(least: int) -> dict[str, int]:
        asked_for.append(least)
        return dict(present)

    announcer = Announcer(counts, clock)
    assert announcer.due() is None
    present["a"] = 5
    assert announcer.due() == {"a": 5}
    assert announcer.due() is None
    clock.now += REPEATED_SECONDS
    assert announcer.due() == {"a": 5}
    present.clear()
    assert announcer.due() == {}
    clock.now += REPEATED_SECONDS
    assert announcer.due() is None
    assert set(asked_for) == {settings.CONNECTIONS_PER_PERSON // 10}


async def test_the_limit_holds_over_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONNECTIONS_PER_PERSON", 5)
    hub, person = Hub(), uuid.uuid4()
    own = [hub.viewer(person) for _ in range(2)]
    assert hub.viewer_counts(2) == {str(person): 2}
    assert hub.viewer_counts(3) == {}
    hub.elsewhere.take("other", {str(person): 3})
    with pytest.raises(TooManyViewers):
        hub.viewer(person)
    hub.viewer(uuid.uuid4())
    hub.leave(own[0])
    hub.viewer(person)
