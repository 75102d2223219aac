"""Coalescing: the first text is sent at once, later texts are merged, the order is kept, nothing is lost."""

import asyncio

from chat.engine.coalescer import LONGEST_SECONDS, SHORTEST_SECONDS, Coalescer, Pace
from chat.events.payloads import Event, notice


async def test_first_delta_is_sent_at_once_and_later_ones_merged() -> None:
    told: list[Event] = []
    more = asyncio.Event()
    cutter = Coalescer(lambda event: (told.append(event), more.set())[0], Pace())
    cutter.delta(0, "text", "a")
    assert [event["text"] for event in told] == ["a"]
    for piece in "bcd":
        cutter.delta(0, "text", piece)
    assert len(told) == 1
    more.clear()
    await more.wait()
    assert [event["text"] for event in told] == ["a", "bcd"]


async def test_other_events_keep_their_order() -> None:
    told: list[Event] = []
    cutter = Coalescer(told.append, Pace())
    cutter.delta(0, "thinking", "a")
    cutter.delta(0, "thinking", "b")
    cutter.delta(0, "text", "c")
    cutter.delta(1, "text", "d")
    cutter.event(notice("waiting"))
    cutter.flush()
    cutter.flush()
    assert [(event.get("index"), event.get("thinking") or event.get("text")) for event in told] == [
        (0, "a"),
        (0, "b"),
        (0, "c"),
        (1, "d"),
        (None, None),
    ]


def test_pace_follows_the_event_loops_delay() -> None:
    pace = Pace()
    for _ in range(50):
        pace.late_by(1.0)
    assert SHORTEST_SECONDS < pace.seconds <= LONGEST_SECONDS
    for _ in range(200):
        pace.late_by(-1.0)
    assert abs(pace.seconds - SHORTEST_SECONDS) < 0.001
