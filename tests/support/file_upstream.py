"""An upstream on loopback that answers with the bytes of files, line by line, as strangers' servers sent them.

Lines that begin with # are not sent: "#type T" (first line) sets the content type, "#late N" (first line) delays the
headers, "#sleep N" waits N seconds, "#pings N" and "#comments N" send one ping or comment a second, "#reset" breaks the
connection.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PING = b'event: ping\ndata: {"type":"ping"}\n\n'
SMALL = {
    "id": "msg_0",
    "type": "message",
    "role": "assistant",
    "model": "stub",
    "content": [{"type": "text", "text": "A title"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 20, "output_tokens": 3},
}


class FileUpstream:
    """Serves `answers[name]` at /name/v1/messages: the n-th streaming request gets the n-th file, later ones the last.

    Requests without a stream (titles) get a small message. `sent` has the bodies of the streaming requests by name,
    `closed` how long their responses were open, in seconds, and `clients` over how many connections they came.
    """

    def __init__(self, answers: Mapping[str, Sequence[Path]]) -> None:
        self._answers = answers
        self.sent: dict[str, list[dict[str, Any]]] = {}
        self.closed: dict[str, list[float]] = {}
        self.clients: dict[str, set[Any]] = {}
        self.url = ""
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()

    def __enter__(self) -> "FileUpstream":
        self._thread.start()
        assert self._ready.wait(20), "the upstream did not start"
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**26))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        for writer in self._writers:
            writer.transport.abort()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))  # the transports close in the loop's next round
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:  # a client may send several requests over one connection
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").lower().split("\r\n")
                lengths = [line.split(":")[1] for line in head if line.startswith("content-length:")]
                body = json.loads(await reader.readexactly(int(lengths[0])))
                name = head[0].split("/")[1]
                if body.get("stream"):
                    await self._answer(name, body, writer)
                else:
                    await _respond(writer, b"application/json", [json.dumps(SMALL).encode()])
        writer.close()

    async def _answer(self, name: str, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        sent = self.sent.setdefault(name, [])
        sent.append(body)
        self.clients.setdefault(name, set()).add(writer.get_extra_info("peername"))
        file = self._answers[name][min(len(sent), len(self._answers[name])) - 1]
        lines = file.read_bytes().splitlines(keepends=True)
        kind = b"text/event-stream"
        if lines and lines[0].startswith(b"#type"):
            kind = lines.pop(0).removeprefix(b"#type").strip()
        began = self._loop.time()
        try:
            if lines and lines[0].startswith(b"#late"):
                await _wait(writer, float(lines.pop(0).removeprefix(b"#late")))
            await _respond(writer, kind, lines)
        finally:
            self.closed.setdefault(name, []).append(self._loop.time() - began)


async def _respond(writer: asyncio.StreamWriter, kind: bytes, lines: Sequence[bytes]) -> None:
    label = b"Content-Type: " + kind + b"\r\n" if kind else b""
    writer.write(b"HTTP/1.1 200 OK\r\n" + label + b"Transfer-Encoding: chunked\r\n\r\n")
    for line in lines:
        if not line.startswith(b"#"):
            await _send(writer, line)
            continue
        word, _space, number = line[1:].strip().partition(b" ")
        match word:
            case b"sleep":
                await _wait(writer, float(number))
            case b"pings" | b"comments":
                for _ in range(int(number)):
                    await _wait(writer, 1)
                    await _send(writer, PING if word == b"pings" else b": still here\n\n")
            case b"reset":
                writer.transport.abort()
                raise ConnectionResetError
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _wait(writer: asyncio.StreamWriter, seconds: float) -> None:
    """Wait, but not for a client that has left."""
    for _ in range(round(seconds * 20)):
        if writer.transport.is_closing():
            raise ConnectionResetError
        await asyncio.sleep(0.05)


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))
    await writer.drain()
