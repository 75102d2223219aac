"""A Messages API that only streams, as fast as a socket takes it: `python -m bench.upstream PORT`.

The last "deltas=N pace=P together=T" in a request's body says how many deltas are streamed, how many per second (0:
flat out), and how many requests must have come before any of them is answered. Each delta is 16 characters: the
moment it left, so that a reader can tell how late it came.
"""

import asyncio
import re
import sys
import time

import uvloop

WISH = re.compile(rb"deltas=(\d+) pace=(\d+) together=(\d+)")
PIECE_CHARACTERS = 16
FLAT_PORTION = 200
HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_%016x\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
START = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_bench","type":"message",'
    b'"role":"assistant","model":"claude-haiku-5-5","content":[],"stop_reason":null,"stop_sequence":null,'
    b'"usage":{"input_tokens":10,"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
    b'"content_block":{"type":"text","text":""}}\n\n'
)
DELTA = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"%015.6f "}}\n\n'
)
END = (
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
    b'"stop_sequence":null},"usage":{"output_tokens":%d}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            deltas, pace, together = map(int, WISH.findall(body)[-1])
            await gate.passed(together)
            writer.write(HEAD % time.monotonic_ns() + chunk(START))
            await (paced(writer, deltas, pace) if pace else flat(writer, deltas))
            writer.write(chunk(END % deltas) + b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, RuntimeError):
        pass  # the reader has gone; uvloop says so with a RuntimeError
    finally:
        writer.close()


class Gate:
    """Opens when so many requests stand before it."""

    def __init__(self) -> None:
        self._waiting = 0
        self._open = asyncio.Event()

    async def passed(self, together: int) -> None:
        self._waiting += 1
        if self._waiting >= together:
            self._open.set()
            self._waiting, self._open = 0, asyncio.Event()
        else:
            await self._open.wait()


gate = Gate()


async def flat(writer: asyncio.StreamWriter, deltas: int) -> None:
    for begun in range(0, deltas, FLAT_PORTION):
        # One chunk an event, as a server that flushes each makes them; the socket may still join them.
        writer.write(chunk(DELTA % time.monotonic()) * min(FLAT_PORTION, deltas - begun))
        await writer.drain()


async def paced(writer: asyncio.StreamWriter, deltas: int, pace: int) -> None:
    start = time.monotonic()
    for number in range(deltas):
        await asyncio.sleep(max(0.0, start + number / pace - time.monotonic()))
        writer.write(chunk(DELTA % time.monotonic()))
        await writer.drain()


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1000, limit=1 << 20)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
