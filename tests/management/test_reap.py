"""`manage.py reap` watches for a whole lease and ends only turns without a heartbeat."""

import pytest
from django.utils import timezone

from chat.management.commands.reap import Command, reap
from chat.models import Turn
from chat.operations.turns.recovery import LeaseWatch
from tests import factories

pytestmark = pytest.mark.django_db


class Clock:
    """A clock that moves only with `wait`; `each` runs at every wait."""

    def __init__(self, each: object = None) -> None:
        self.now, self.each, self.waits = 0.0, each, 0

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waits += 1
        if callable(self.each):
            self.each()


def running() -> Turn:
    return factories.turn(factories.conversation(factories.person()), status="running", answer="")


def watch(clock: Clock) -> LeaseWatch:
    return LeaseWatch(lease_seconds=5, clock=lambda: clock.now)


def test_reap_without_turns_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Command().handle()
    assert capsys.readouterr().out == "0 turns reaped, 0 are alive.\n"


def test_silent_turns_are_ended_after_a_whole_lease() -> None:
    dead, alive = running(), running()
    clock = Clock(lambda: Turn.objects.filter(id=alive.id).update(heartbeat_at=timezone.now()))
    told: list[str] = []
    assert reap(watch(clock), wait=clock.wait, say=told.append) == [dead.id]
    assert clock.now >= 5
    assert [Turn.objects.get(id=turn.id).status for turn in (dead, alive)] == ["interrupted", "running"]
    assert told[0] == "2 running turns: watching their leases for 5 s."
    assert told[-1] == "1 turns reaped, 1 are alive."
    assert str(dead.id) in told[1]


def test_reap_returns_once_all_turns_have_a_heartbeat() -> None:
    turn = running()
    clock = Clock(lambda: Turn.objects.filter(id=turn.id).update(heartbeat_at=timezone.now()))
    assert reap(watch(clock), wait=clock.wait, say=lambda _text: None) == []
    assert clock.waits == 1
