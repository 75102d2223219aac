"""Coalescing: the first text is sent at once, later texts are merged, the order is kept, nothing is lost."""

import asyncio

from chat.engine.turn.coalescer import (
    LONGEST_FOR_STREAMS_SECONDS,
    LONGEST_PIECE,
    LONGEST_SECONDS,
    SHORTEST_SECONDS,
    Coalescer,
    Pace,
)
from chat.events.payloads import Event, notice


async def test_first_delta_is_sent_at_once_and_later_ones_merged() -> None:
    told: asyncio.Queue[Event] = asyncio.Queue()
    cutter = Coalescer(told.put_nowait, Pace())
    cutter.delta(0, "text", "a")
    assert (await told.get())["text"] == "a"
    for piece in "bcd":
        cutter.delta(0, "text", piece)
    assert told.empty()
    assert (await told.get())["text"] == "bcd"


async def test_a_huge_delta_leaves_in_pieces() -> None:
    told: list[Event] = []
    cutter = Coalescer(told.append, Pace())
    text = "가😀" * LONGEST_PIECE
    cutter.delta(0, "text", text)
    cutter.event(notice("waiting"))
    assert [len(event["text"]) for event in told[:-1]] == [LONGEST_PIECE, LONGEST_PIECE]
    assert "".join(event["text"] for event in told[:-1]) == text
    assert told[-1]["type"] == "notice"


async def test_streams_that_are_due_together_are_sent_together() -> None:
    told: asyncio.Queue[Event] = asyncio.Queue()
    pace = Pace()
    pace.streams = 1000
    cutters = [Coalescer(told.put_nowait, pace) for _ in range(3)]
    for cutter in cutters:
        cutter.delta(0, "text", "a")
        await asyncio.sleep(0)
    assert told.empty()
    await told.get()
    assert told.qsize() == 2


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
        (0, "ab"),
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


def test_many_streams_share_the_pace() -> None:
    pace = Pace()
    waits = []
    for pace.streams in (0, 1, 20, 100, 400):
        waits.append(pace.seconds)
    assert waits == sorted(waits)
    assert waits[2] < 0.045
    # Text still flows 12 times a second.
    assert waits[-1] == waits[-2] == LONGEST_FOR_STREAMS_SECONDS
