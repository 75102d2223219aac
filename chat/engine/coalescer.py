"""Joins the upstream's deltas into frames: the first text is sent at once, later text waits 33 ms for more.

Under load the wait grows with the event loop's lateness, which results in fewer, larger frames.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from chat.events import payloads
from chat.events.payloads import Event

SHORTEST_SECONDS = 0.033
LONGEST_SECONDS = 0.2


class Pace:
    """The process's current wait between two frames of a stream, adapted to how late timers fire."""

    def __init__(self) -> None:
        self.seconds = SHORTEST_SECONDS

    def late_by(self, seconds: float) -> None:
        wanted = SHORTEST_SECONDS + 3 * max(0.0, seconds)
        self.seconds = min(LONGEST_SECONDS, 0.8 * self.seconds + 0.2 * wanted)


class Coalescer:
    """Collects deltas of one stream; `emit` gets the events in order."""

    def __init__(self, emit: Callable[[Event], None], pace: Pace) -> None:
        self._emit, self._pace = emit, pace
        self._loop = asyncio.get_running_loop()
        self._index, self._key = -1, ""
        self._pieces: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0

    def delta(self, index: int, key: str, piece: str) -> None:
        """Add a piece of text of a block; `key` is the delta's field: text, thinking or partial_json."""
        if self._pieces and (index != self._index or key != self._key):
            self.flush()
        self._index, self._key = index, key
        self._pieces.append(piece)
        if self._timer is None:
            now = self._loop.time()
            due = self._last + self._pace.seconds
            if now >= due:
                self.flush()
            else:
                self._timer = self._loop.call_at(due, self._fire, due)

    def event(self, event: Event) -> None:
        """Emit a structural event after the text that came before it."""
        self.flush()
        self._emit(event)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pieces:
            value: Any = "".join(self._pieces)
            self._pieces.clear()
            self._last = self._loop.time()
            self._emit(payloads.block_delta(index=self._index, key=self._key, value=value))

    def _fire(self, due: float) -> None:
        self._timer = None
        self._pace.late_by(self._loop.time() - due)
        self.flush()
