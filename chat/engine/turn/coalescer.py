"""Joins the upstream's deltas into frames: the first text is sent at once, later text waits 33 ms for more.

Under load the wait grows with the number of streams and the event loop's lateness, which results in fewer, larger
frames. With many streams those that are due within some milliseconds are sent together: code and data are then warm
for all but the first.
"""

import asyncio
from collections.abc import Callable

from chat.engine.turn.half_pairs import HalfJoiner
from chat.events import payloads
from chat.events.payloads import Event

SHORTEST_SECONDS = 0.033
# A model writes 20 deltas a second: from about 100 streams on most leave in pairs, and 12 frames a second still flow.
SECONDS_PER_STREAM, LONGEST_FOR_STREAMS_SECONDS = 0.00047, 0.08
LONGEST_SECONDS = 0.2
# Characters of one event. An upstream may send megabytes at once; a viewer reads them in smaller steps.
LONGEST_PIECE = 32_768
# How long due streams wait for others: next to nothing with one stream, 10 ms with a hundred.
GATHER_SECONDS_PER_STREAM, LONGEST_GATHER_SECONDS = 0.0001, 0.01


class Pace:
    """The pace of all streams of a process. `streams` is how many are running."""

    def __init__(self) -> None:
        self.streams = 0
        self._lateness = 0.0
        self._due: list[Coalescer] = []

    @property
    def seconds(self) -> float:
        """How long a stream waits between two frames, adapted to the streams and to how late timers fire."""
        for_streams = min(LONGEST_FOR_STREAMS_SECONDS, SHORTEST_SECONDS + SECONDS_PER_STREAM * self.streams)
        return min(LONGEST_SECONDS, for_streams + 3 * self._lateness)

    def late_by(self, seconds: float) -> None:
        self._lateness = 0.8 * self._lateness + 0.2 * max(0.0, seconds)

    def flush_soon(self, coalescer: "Coalescer") -> None:
        """Flush a stream together with others that are due about now."""
        if not self._due:
            wait = min(LONGEST_GATHER_SECONDS, GATHER_SECONDS_PER_STREAM * self.streams)
            asyncio.get_running_loop().call_later(wait, self._flush_due)
        self._due.append(coalescer)

    def _flush_due(self) -> None:
        due, self._due = self._due, []
        for coalescer in due:
            coalescer.flush()


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
        if len(self._pieces) == 1:  # later pieces leave with the first
            due = self._last + self._pace.seconds
            if self._loop.time() >= due:
                self._pace.flush_soon(self)
            else:
                self._timer = self._loop.call_at(due, self._fire, due)

    def event(self, event: Event) -> None:
        """Emit a structural event after the text that came before it."""
        self.flush()
        self._emit(event)

    def join_halves(self) -> None:
        """From now on join halves of surrogate pairs that leave in two frames. Streams without any don't pay for it."""
        if not isinstance(self._emit, HalfJoiner):
            self._emit = HalfJoiner(self._emit)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pieces:
            value = "".join(self._pieces)
            self._pieces.clear()
            self._last = self._loop.time()
            for start in range(0, len(value), LONGEST_PIECE):
                piece = value[start : start + LONGEST_PIECE]
                self._emit(payloads.block_delta(index=self._index, key=self._key, value=piece))

    def _fire(self, due: float) -> None:
        self._timer = None
        self._pace.late_by(self._loop.time() - due)
        self.flush()


class HeldEvents:
    """Takes what a coalescer takes and keeps it until it may be shown, or is dropped."""

    def __init__(self) -> None:
        self._calls: list[Callable[[Coalescer], None]] = []

    def delta(self, index: int, key: str, piece: str) -> None:
        self._calls.append(lambda cutter: cutter.delta(index, key, piece))

    def event(self, event: Event) -> None:
        self._calls.append(lambda cutter: cutter.event(event))

    def join_halves(self) -> None:
        self._calls.append(Coalescer.join_halves)

    def pass_on(self, cutter: Coalescer) -> None:
        """Pass all that was kept on to a coalescer, in order."""
        for call in self._calls:
            call(cutter)
