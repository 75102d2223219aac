"""Ends turns of dead processes: it watches every lease for one lease period and ends turns without a heartbeat."""

import time
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand

from chat.operations.turns.recovery import LeaseWatch

LOOK_SECONDS = 1.0


class Command(BaseCommand):
    help = "Watch the leases of running turns for one full lease, then end the turns whose process died."

    def handle(self, *args: Any, **options: Any) -> None:
        reap(LeaseWatch(), wait=time.sleep, say=self.stdout.write)


def reap(watch: LeaseWatch, *, wait: Callable[[float], None], say: Callable[[str], object]) -> list[Any]:
    """Watch until every turn had a heartbeat, ended, or was silent for a whole lease; return the ids of ended turns.

    A process that looks only once can't distinguish a dead owner from one whose next heartbeat is due.
    """
    reaped = watch.reap()
    first_seen = dict(watch.seen)
    if first_seen:
        say(f"{len(first_seen)} running turns: watching their leases for {watch.lease_seconds:g} s.")
    while _undecided(watch, first_seen):
        wait(LOOK_SECONDS)
        for identifier in watch.reap():
            say(f"{identifier}: its process is gone; ended as interrupted.")
            reaped.append(identifier)
    say(f"{len(reaped)} turns reaped, {len(watch.seen.keys() - set(reaped))} are alive.")
    return reaped


def _undecided(watch: LeaseWatch, first_seen: dict[Any, Any]) -> bool:
    """Return whether a turn still has the heartbeat from the beginning."""
    return any(watch.seen.get(identifier) == lease for identifier, lease in first_seen.items())
