"""The server's limits on heads, on their time, and on clients that don't read, over real connections."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chat.embedded import protocols
from chat.embedded.protocols import HttpProtocol, SocketProtocol

Open = Callable[[], Any]
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answers a body with its length, /flood and a socket with more than any buffer holds."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "text": "x" * 100_000})
            await asyncio.sleep(0.001)  # sending to a client that is gone returns at once
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"x-headers", b"%d" % len(scope["headers"]))],
        }
    )
    while scope["path"] == "/flood":
        await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        await asyncio.sleep(0.001)
    await send({"type": "http.response.body", "body": b"%d" % size})


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    config = uvicorn.Config(
        app,
        http=HttpProtocol,
        ws=SocketProtocol,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
    )
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: HttpProtocol(config, state, {}), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()
    for task in list(state.tasks):
        task.cancel()
    await asyncio.gather(*state.tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def opened(
    address: tuple[str, int],
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def answer(address: tuple[str, int], *sent: bytes) -> bytes:
    """Send pieces, each in a segment of its own, and return all that comes until the connection ends."""
    async with asyncio.timeout(20), opened(address) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            for piece in sent:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        with contextlib.suppress(ConnectionError):
            return await reader.read()
        return b""


CLOSE = b"Connection: close\r\n"


async def test_ordinary_requests_pass(address: tuple[str, int]) -> None:
    big = b"POST / HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"Content-Length: 1000000\r\n\r\n"
    assert (await answer(address, big, b"x" * 1_000_000)).endswith(b"\r\n7\r\n1000000\r\n0\r\n\r\n")
    in_pieces = [bytes([byte]) for byte in HEAD + CLOSE + b"\r\n"]
    assert (await answer(address, *in_pieces)).startswith(b"HTTP/1.1 200")


async def test_a_head_of_64_kilobytes_passes_and_a_longer_one_not(address: tuple[str, int]) -> None:
    fits = HEAD + CLOSE + b"A: " + b"a" * 60_000 + b"\r\n\r\n"
    assert (await answer(address, fits)).startswith(b"HTTP/1.1 200")
    longer = HEAD + CLOSE + b"A: " + b"a" * 70_000 + b"\r\n\r\n"
    assert (await answer(address, longer)).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (HEAD + b"A: ", b"a" * 10_000),
        (HEAD + b"A", b"a" * 10_000),
        (HEAD, b"A: a\r\n" * 1000),
        (b"GET /", b"a" * 10_000),
        (b"GET /?", b"a" * 10_000),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: ",
            b"a" * 10_000,
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 10_000),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"T: a\r\n" * 1000),
    ],
    ids=["value", "name", "headers", "path", "query", "trailer", "extension", "trailers"],
)
async def test_what_never_ends_is_cut(address: tuple[str, int], start: bytes, piece: bytes) -> None:
    async with asyncio.timeout(20), opened(address) as (reader, writer):
        writer.write(start)
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 2_000_000 and not reader.at_eof():
                writer.write(piece)
                sent += len(piece)
                await writer.drain()
                await asyncio.sleep(0)
        assert sent < 2_000_000


async def test_a_hundred_headers_pass_and_more_not(address: tuple[str, int]) -> None:
    fits = HEAD + CLOSE + b"A: a\r\n" * 98 + b"\r\n"
    assert b"x-headers: 100" in await answer(address, fits)
    assert (await answer(address, HEAD + CLOSE + b"A: a\r\n" * 99 + b"\r\n")).startswith(b"HTTP/1.1 431")


async def test_trailers_are_no_headers(address: tuple[str, int]) -> None:
    sent = b"POST / HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n"
    told = await answer(address, sent + b"2\r\nab\r\n0\r\nCookie: a=b\r\n\r\n")
    assert b"x-headers: 3" in told


async def test_a_refused_head_opens_no_socket(address: tuple[str, int]) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    told = await answer(address, HEAD + upgrade + key + b"A: a\r\n" * 99 + b"\r\n")
    assert told.startswith(b"HTTP/1.1 431")
    assert b"101" not in told


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocols, "HEAD_SECONDS", 0.3)


@pytest.fixture
def deaf_clients_dropped_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpProtocol, "deaf_seconds", 0.3)
    monkeypatch.setattr(SocketProtocol, "deaf_seconds", 0.3)


@pytest.mark.parametrize("sent", [b"", b"GET", HEAD, HEAD + b"A: ", b"\r\n\r\n"])
async def test_a_head_that_takes_too_long_is_closed(
    address: tuple[str, int], impatient: None, sent: bytes
) -> None:
    assert await answer(address, sent) == b""


async def test_a_second_head_has_the_same_time(address: tuple[str, int], impatient: None) -> None:
    for begun in (b"GET", b"\r\n"):
        told = await answer(address, HEAD + b"\r\n", begun)
        assert told.count(b"HTTP/1.1 200") == 1


async def test_a_slow_body_is_no_slow_head(address: tuple[str, int], impatient: None) -> None:
    async with asyncio.timeout(20), opened(address) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"Content-Length: 2\r\n\r\n")
        for _ in range(2):
            await asyncio.sleep(0.4)
            writer.write(b"x")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")


async def test_an_open_socket_outlives_the_time_of_a_head(address: tuple[str, int], impatient: None) -> None:
    async with connect(f"ws://{address[0]}:{address[1]}/", compression=None, close_timeout=0.2) as socket:
        for _ in range(10):
            await asyncio.sleep(0.1)
            assert await socket.recv()


@pytest.mark.usefixtures("deaf_clients_dropped_soon")
async def test_a_client_that_reads_nothing_is_dropped(address: tuple[str, int]) -> None:
    reader, writer = await asyncio.open_connection(*address, limit=1)
    writer.write(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(1.5)
    # What lies in the buffers of the system can still be read; then the connection is at its end.
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(20):
            while await reader.read(1_000_000):
                pass
    writer.transport.abort()


@pytest.mark.usefixtures("deaf_clients_dropped_soon")
async def test_a_deaf_socket_is_dropped(address: tuple[str, int]) -> None:
    async with connect(
        f"ws://{address[0]}:{address[1]}/", max_queue=1, compression=None, close_timeout=0.2
    ) as socket:
        await asyncio.sleep(1.5)
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(20):  # which would end, if the server went on sending
                while True:
                    await socket.recv()


@pytest.mark.usefixtures("deaf_clients_dropped_soon")
async def test_a_slow_reader_is_kept(address: tuple[str, int]) -> None:
    async with asyncio.timeout(20), opened(address) as (reader, writer):
        writer.write(b"GET /flood HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(30):
            assert await reader.read(500_000)
            await asyncio.sleep(0.05)
