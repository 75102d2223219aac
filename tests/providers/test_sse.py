"""Framing of server-sent events: as the SDK frames them, however the bytes are cut."""

import itertools
import time

import pytest
from anthropic._streaming import SSEDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.providers import sse
from chat.providers.sse import EventReader
from tests.support.examples import many

STREAM = (
    b": a comment\n\n"
    b'event: message_start\ndata: {"type":"message_start"}\n\n'
    b'event: ping\ndata:{"type":"ping"}\n\n'
    b'data: {"text":\ndata: "two lines"}\nid: 7\nretry: 10\n\n'
    b"event: nothing\n\n"
    b'event: content_block_delta\ndata: {"text":"\xec\x95\x88\xe2\x80\xa8"}\n\n'
)
EVENTS = [
    ("message_start", b'{"type":"message_start"}'),
    ("ping", b'{"type":"ping"}'),
    ("", b'{"text":\n"two lines"}'),
    ("content_block_delta", b'{"text":"\xec\x95\x88\xe2\x80\xa8"}'),
]


def read(*chunks: bytes) -> list[tuple[str, bytes]]:
    reader = EventReader()
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return [tuple(event) for event in events + reader.close()]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@given(cuts=st.lists(st.integers(0, len(STREAM) * 2), max_size=8))
def test_events_of_a_stream_that_is_cut_anywhere(end: bytes, cuts: list[int]) -> None:
    stream = STREAM.replace(b"\n", end)
    places = [0, *sorted(cuts), len(stream)]
    chunks = [stream[start:stop] for start, stop in itertools.pairwise(places)]
    assert read(*chunks) == EVENTS


@given(
    st.lists(
        st.sampled_from(
            [b"data: 1", b"data", b"event: a", b"event:b", b"id: 3", b"", b"", b": c", b"data:  x"]
        )
    )
)
def test_framing_agrees_with_the_sdk(lines: list[bytes]) -> None:
    stream = b"\n".join([*lines, b"", b""])
    wanted = [(event.event or "", event.data.encode()) for event in SSEDecoder().iter_bytes(iter([stream]))]
    # The SDK also reports events without data, which the standard drops.
    assert [event for event in read(stream) if event[1]] == [event for event in wanted if event[1]]


@settings(max_examples=many(200))
@given(
    parts=st.lists(
        st.sampled_from(
            [b"event: a\ndata: 1\n\n"] * 6 + [b"event: b\ndata:  2\n\n", b"event: \xea\ndata: \n\n"]
        )
        | st.sampled_from(
            [
                b": ping\n\n",
                b"data: 3\n\n",
                b"event: c\n",
                b"data: 4\ndata: 5\n\n",
                b"eventful: d\ndata: 6\n\n",
            ]
        ),
        max_size=40,
    ),
    cuts=st.lists(st.integers(0, 800), max_size=3),
)
def test_many_events_at_once_are_framed_as_single_lines_are(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    lines = [line + b"\n" for line in stream.split(b"\n")[:-1]]
    places = [0, *sorted(cuts), len(stream)]
    chunks = [stream[start:stop] for start, stop in itertools.pairwise(places)]
    assert read(*chunks) == read(*lines)


def test_an_event_that_ends_with_the_stream_counts() -> None:
    assert read(b'event: message_stop\ndata: {"type":"message_stop"}') == [
        ("message_stop", b'{"type":"message_stop"}')
    ]


def test_a_byte_order_mark_is_left_out() -> None:
    assert read(b"\xef\xbb\xbfdata: 1\n\n") == [("", b"1")]


def test_an_event_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LONGEST_EVENT_BYTES", 100)
    reader = EventReader()
    assert reader.feed(b"data: 1\n\ndata: " + b"x" * 100) == [("", b"1")]
    with pytest.raises(ValueError, match="too long"):
        reader.feed(b"x")


def test_an_event_of_lines_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LONGEST_EVENT_BYTES", 100)
    reader = EventReader()
    assert reader.feed(b"data: 1\n" * 10 + b"\n" + b"data\n" * 30) == [("", b"\n".join([b"1"] * 10))]
    with pytest.raises(ValueError, match="too long"):
        reader.feed(b"data\n")


def seconds(chunks: list[bytes]) -> float:
    """Return the processor time of reading a stream that arrives in these chunks."""
    reader = EventReader()
    began = time.process_time()
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return time.process_time() - began


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_long_line_in_chunks_takes_no_longer_than_short_ones(end: bytes) -> None:
    short = b"x" * 31 + end
    long = b"x" * 32
    assert seconds([long] * 60_000) < 8 * seconds([short] * 60_000)
    assert seconds([b"data:" + end, *[long] * 60_000, end]) < 8 * seconds([short] * 60_000)
