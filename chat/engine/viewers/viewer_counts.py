"""How many sockets and event streams people have in the other web processes, so that a limit holds over all of them.

Each process tells the others by a hint through the channel layer: when its numbers change, at most once a second, and
every few seconds again. What was told and not repeated expires, so without Redis each process counts alone.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

from chat.events import hints
from chat.models.ids import UserId

Clock = Callable[[], float]
SECONDS_BETWEEN = 1.0
REPEATED_SECONDS = 5.0
EXPIRES_SECONDS = 15.0
# People with less than this part of the limit are not told of.
SMALL_PART = 10


class ElsewhereCounts:
    """What other processes told: viewers by person."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, tuple[float, Mapping[str, int]]] = {}

    def take(self, origin: str, counts: Mapping[str, int]) -> None:
        """Replace what one process told before."""
        now = self._clock()
        self._told = {name: told for name, told in self._told.items() if told[0] > now}
        if counts:
            self._told[origin] = now + EXPIRES_SECONDS, counts
        else:
            self._told.pop(origin, None)

    def of(self, person: UserId) -> int:
        """Return how many viewers a person has in other processes."""
        now, name = self._clock(), str(person)
        return sum(counts.get(name, 0) for expires, counts in self._told.values() if expires > now)


class Announcer:
    """Tells the other processes how many viewers people have here."""

    def __init__(self, counts: Callable[[int], dict[str, int]], clock: Clock = time.monotonic) -> None:
        self._counts, self._clock = counts, clock
        self._told: dict[str, int] = {}
        self._repeats_at = 0.0

    def due(self) -> dict[str, int] | None:
        """Return what to tell now, or None."""
        present = self._counts(max(1, settings.CONNECTIONS_PER_PERSON // SMALL_PART))
        if present == self._told and not (present and self._clock() >= self._repeats_at):
            return None
        self._told, self._repeats_at = present, self._clock() + REPEATED_SECONDS
        return present

    async def run(self) -> None:
        """Send the counts to the other processes if they are due, then wait."""
        layer: Any = get_channel_layer()
        if layer is None or isinstance(layer, InMemoryChannelLayer):
            await asyncio.Event().wait()  # there are no other processes
        due = self.due()
        if due is not None:
            await hints.send(layer, {"viewers": due, "origin": hints.origin(asyncio.get_running_loop())})
        await asyncio.sleep(SECONDS_BETWEEN)
