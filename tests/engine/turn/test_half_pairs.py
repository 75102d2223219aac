"""Halves of surrogate pairs on their way to viewers: joined across frames, never shown alone."""

import asyncio
import itertools
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.encoding.text import BrokenText, joinable_text
from chat.engine.turn.coalescer import Coalescer, Pace
from chat.engine.turn.half_pairs import HalfJoiner
from chat.events import payloads
from chat.events.payloads import Event

HIGH, LOW = "\ud83d", "\ude00"
START = payloads.block_start(message="m", index=0, block={"type": "text"})
STOP = payloads.block_stop(index=0)


def delta(value: Any, *, index: int = 0, key: str = "text") -> Event:
    return payloads.block_delta(index=index, key=key, value=value)


def joined(*events: Event) -> list[Event]:
    told: list[Event] = []
    joiner = HalfJoiner(told.append)
    for event in events:
        joiner(dict(event))
    for event in told:
        orjson.dumps(event)
    return told


def test_half_waits_for_its_other_half() -> None:
    assert joined(START, delta("Hi " + HIGH), delta(LOW + "!"), STOP) == [
        START,
        delta("Hi "),
        delta("😀!"),
        STOP,
    ]
    assert joined(delta(HIGH), delta(LOW)) == [delta("😀")]


def test_half_that_stays_alone_is_replaced_at_the_stop() -> None:
    assert joined(delta("a" + HIGH), STOP) == [delta("a"), delta("\ufffd"), STOP]
    assert joined(delta(HIGH, key="thinking"), delta("b", key="thinking"), STOP) == [
        delta("\ufffdb", key="thinking"),
        STOP,
    ]


def test_blocks_do_not_mix_their_halves() -> None:
    first, second = delta("a" + HIGH), delta(LOW, index=1, key="partial_json")
    citation = payloads.block_delta(index=0, key="citation", value={"title": "x"})
    told = joined(first, second, citation, delta(LOW))
    assert told == [delta("a"), delta("\ufffd", index=1, key="partial_json"), citation, delta("😀")]


def test_half_of_a_cut_block_is_forgotten() -> None:
    assert joined(delta("a" + HIGH), START, delta(LOW)) == [delta("a"), START, delta("\ufffd")]


@given(
    text=st.text(st.sampled_from("ab😀漢"), max_size=12),
    cuts=st.lists(st.integers(0, 24), max_size=5),
    flushes=st.lists(st.booleans(), min_size=7, max_size=7),
)
def test_viewers_get_the_text_however_it_is_cut(text: str, cuts: list[int], flushes: list[bool]) -> None:
    async def shown() -> str:
        told: list[Event] = []
        cutter = Coalescer(told.append, Pace())
        units = text.encode("utf-16-le")
        places = [0, *sorted(2 * min(cut, len(units) // 2) for cut in cuts), len(units)]
        for (begin, end), flush in zip(itertools.pairwise(places), flushes, strict=False):
            piece = joinable_text(units[begin:end].decode("utf-16-le", "surrogatepass"))
            if isinstance(piece, BrokenText):
                cutter.join_halves()
            if piece:
                cutter.delta(0, "text", piece)
            if flush:
                cutter.flush()
        cutter.event(STOP)
        assert all(orjson.dumps(event) for event in told)
        return "".join(event["text"] for event in told[:-1])

    assert asyncio.run(shown()) == text
