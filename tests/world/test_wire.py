"""HTTP as gateways and proxies of strangers speak it: raw bytes that no server library would send."""

import asyncio
import contextlib
import gzip
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from chat.models import ApiCall
from tests.world.loop_thread import served
from tests.world.provider_stub import answer
from tests.world.provider_turns import ask, ended, model_at, rows

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


class _Streams:
    streams, purpose = True, "message"


STREAM: bytes = answer(_Streams(), "42").body  # type: ignore[arg-type]
PAUSE = b""
EVENTS = [event + b"\n\n" for event in STREAM.split(b"\n\n") if event]


class RawServer:
    """Sends `replies[n]` to the n-th request, later ones get the last; `None` closes the connection instead.

    A reply is a list of parts that are sent one after the other. Its connection stays open if it is whole.
    """

    def __init__(self, *replies: Sequence[bytes] | None) -> None:
        self._replies = replies
        self.asked = 0
        self.connections = 0
        self.url = ""

    @contextlib.contextmanager
    def running(self, host: str = "127.0.0.1") -> Iterator["RawServer"]:
        with served(self._serve, host) as port:
            self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._answer(reader, writer):
                    pass
        finally:
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        self.asked += 1
        parts = self._replies[min(self.asked, len(self._replies)) - 1]
        for part in parts or ():
            if part == PAUSE:
                await asyncio.sleep(0.1)  # what follows is a read of its own
                continue
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
        sent = b"".join(parts or ()).lower()
        return sent.endswith(b"0\r\n\r\n") or b"content-length: %d\r\n" % len(STREAM) in sent


def chunked(body: bytes, size: int = 40) -> list[bytes]:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return [*[b"%X\r\n%s\r\n" % (len(piece), piece) for piece in pieces], b"0\r\n\r\n"]


def compressed(name: bytes, body: bytes) -> list[bytes]:
    return [HEAD + b"Content-Encoding: " + name + b"\r\nTransfer-Encoding: chunked\r\n\r\n", *chunked(body)]


def flushed(events: Sequence[bytes]) -> bytes:
    """Each event compressed and flushed, as a gateway does that compresses a stream."""
    packer = zlib.compressobj(wbits=31)
    return (
        b"".join(packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH) for event in events)
        + packer.flush()
    )


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SHAPES: dict[str, list[bytes]] = {
    "chunks of one byte": [CHUNKED, *chunked(STREAM, 1)],
    "chunks with an extension": [
        CHUNKED,
        b"%x;sig=1\r\n%s\r\n0;last\r\nX-Sum: 1\r\n\r\n" % (len(STREAM), STREAM),
    ],
    "a length in place of chunks": [HEAD + b"Content-Length: %d\r\n\r\n" % len(STREAM), STREAM],
    "neither a length nor chunks": [HEAD + b"\r\n", *EVENTS],
    "HTTP/1.0": [HEAD.replace(b"1.1", b"1.0") + b"\r\n", *EVENTS],
    "an early hint": [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", CHUNKED, *chunked(STREAM)],
    "a status without words": [CHUNKED.replace(b" OK", b""), *chunked(STREAM)],
    "headers twice": [
        CHUNKED.replace(b"\r\n\r\n", b"\r\ncontent-type: text/event-stream\r\nX-A: 1\r\nX-A: 2\r\n\r\n"),
        *chunked(STREAM),
    ],
    "comments before the stream": [CHUNKED, *chunked(b": PROCESSING\n\n" * 50 + STREAM)],
    "padding before the stream": [CHUNKED, *chunked(b":" + b" " * 2048 + b"\n\n" + STREAM)],
    "ids and retry times": [
        CHUNKED,
        *chunked(b"retry: 3000\n\n" + b"".join(b"id: %d\n%s" % each for each in enumerate(EVENTS))),
    ],
    "gzip": compressed(b"gzip", gzip.compress(STREAM)),
    "gzip, flushed after each event": compressed(b"gzip", flushed(EVENTS)),
    "deflate": compressed(b"deflate", zlib.compress(STREAM)),
    "identity": compressed(b"identity", STREAM),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_stream_is_read_however_it_is_framed(shape: str) -> None:
    with RawServer(SHAPES[shape]).running() as upstream:
        turn = ask(model_at(upstream.url, max_retries=0))
    assert ended(turn) == ("completed", "end_turn")
    assert rows() == [("turn", "succeeded", "exact")]
    assert ApiCall.objects.get().output_tokens == 7


FINE = [CHUNKED, *chunked(STREAM)]


@pytest.mark.parametrize(
    ("broken", "certainty"),
    [
        (compressed(b"gzip", STREAM), "unknown"),
        (None, "unknown"),
        ([b"HTTP/1.1 2"], "unknown"),
        ([b"SSH-2.0-OpenSSH_9.6\r\n"], "unknown"),
        ([CHUNKED + b"zz\r\n"], "unknown"),
        ([CHUNKED, PAUSE, b"zz\r\n"], "unknown"),
        ([CHUNKED, PAUSE, *chunked(EVENTS[0])[:-1], PAUSE, b"zz\r\n"], "estimated"),
        ([CHUNKED, *chunked(EVENTS[0])[:-1], PAUSE, b"-1\r\n"], "estimated"),
        ([CHUNKED, *chunked(EVENTS[0])[:-1], PAUSE, b"FFFFFFFFFFFFFFFFFF\r\n"], "estimated"),
        ([CHUNKED, *chunked(EVENTS[0])[:-1], PAUSE, b"5\r\n: more than five\r\n"], "estimated"),
        ([CHUNKED, *chunked(EVENTS[0])[:-1], PAUSE, b"<html>502 Bad Gateway</html>"], "estimated"),
        ([HEAD + b"Content-Length: 5000\r\n\r\n", EVENTS[0]], "estimated"),
    ],
    ids=[
        "plain text called gzip",
        "closed",
        "half a status",
        "another protocol",
        "a chunk of no size with the head",
        "a chunk of no size behind the head",
        "a chunk of no size behind an event",
        "a negative size",
        "a size beyond all numbers",
        "a chunk longer than its size",
        "a page between chunks",
        "a length that lies",
    ],
)
def test_broken_response_is_asked_for_again(broken: Any, certainty: str) -> None:
    with RawServer(broken, FINE).running() as upstream:
        turn = ask(model_at(upstream.url))
        assert upstream.asked == 2
    assert ended(turn) == ("completed", "end_turn")
    assert rows() == [("turn", "failed", certainty), ("turn", "succeeded", "exact")]


def test_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    with RawServer(FINE, None, FINE).running() as upstream:
        model = model_at(upstream.url)
        first = ask(model)
        again = ask(model, conversation_id=first.conversation_id)
    assert [ended(turn) for turn in (first, again)] == [("completed", "end_turn")] * 2


def test_address_of_the_sixth_version_is_reached() -> None:
    with RawServer(FINE).running("::1") as upstream:
        assert ended(ask(model_at(upstream.url))) == ("completed", "end_turn")


REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n%s\r\n"


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Retry-After: 0\r\n",
        b"Retry-After: soon\r\n",
        b"Retry-After: -5\r\n",
        b"retry-after-ms: 20\r\n",
        b"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        b"Retry-After: 99999999999999999999\r\n",
        b"Retry-After: 0.05\r\n",
    ],
)
def test_any_wish_to_wait_is_understood(header: bytes) -> None:
    with RawServer([REFUSED % header], FINE).running() as upstream:
        turn = ask(model_at(upstream.url, retry_after_limit_seconds=1))
    assert ended(turn) == ("completed", "end_turn")
    assert rows() == [("turn", "failed", "exact"), ("turn", "succeeded", "exact")]
