"""A web process that is attacked in many ways at once ends about as large as it was, though the attackers stay."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.live.test_abuse import ALLOWED_GROWTH_KIB, resident_kib
from tests.support.parley import Parley
from tests.support.socket_client import SOCKET_OPTIONS

ATTACK_SECONDS = 8.0
SETTLED_WITHIN_SECONDS = 90
BYTES = 8_000_000
EXPECTED = (OSError, httpx2.HTTPError, WebSocketException, TimeoutError)


class Attackers:
    """Clients that keep whatever connection they are left; `turn` is a long answer of theirs."""

    def __init__(
        self, parley: Parley, turn: str, conversation: str, stays: contextlib.AsyncExitStack
    ) -> None:
        self.parley, self.turn, self.conversation, self.stays = parley, turn, conversation, stays
        self.headers = {"Authorization": f"Bearer {parley.people['insider']['chat']}"}

    async def attack(self, seconds: float) -> None:
        """Send heads that never end and read nothing, and send one large body after the other for some seconds."""
        until = time.monotonic() + seconds
        once = [self.endless_head, self.deaf_stream, self.deaf_socket]
        await asyncio.gather(
            *[self.tried(way) for way in once for _twin in range(6)],
            *[self.again(way, until) for way in (self.huge_body, self.endless_body) for _twin in range(3)],
        )

    async def again(self, way: Any, until: float) -> None:
        while time.monotonic() < until:
            await self.tried(way)

    async def tried(self, way: Any) -> None:
        with contextlib.suppress(*EXPECTED):
            await way()

    async def opened(self, head: str) -> asyncio.StreamWriter:
        _reader, writer = await asyncio.open_connection("127.0.0.1", self.parley.server.port)
        self.stays.callback(writer.close)
        writer.write(head.encode())
        return writer

    async def endless_head(self) -> None:
        writer = await self.opened("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
        for _piece in range(40):
            writer.write(b"x" * 1_000_000)
            await asyncio.wait_for(writer.drain(), 5)

    async def deaf_stream(self) -> None:
        head = f"GET /api/v1/turns/{self.turn}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        writer = await self.opened(f"{head}Authorization: {self.headers['Authorization']}\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def deaf_socket(self) -> None:
        connection = await self.stays.enter_async_context(
            connect(self.parley.server.ws_url, additional_headers=self.headers, **SOCKET_OPTIONS)
        )
        connection.transport.pause_reading()
        command = {"type": "subscribe", "conversation": self.conversation, "turn": self.turn, "after": 0}
        await connection.send(json.dumps(command))
        await connection.send('{"type":"ping","x":[' + "{}," * 300_000 + "0]}")

    async def huge_body(self) -> None:
        body = b'{"text":"' + b"x" * (4 * BYTES)
        await self.post("turns", body, {"Content-Type": "application/json"})

    async def endless_body(self) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _piece in range(60):
                yield b"[" * 1_000_000

        await self.post("attachments", pieces(), {})

    async def post(self, path: str, body: Any, more: dict[str, str]) -> None:
        async with httpx2.AsyncClient(timeout=30, trust_env=False) as client:
            url = f"{self.parley.server.url}/api/v1/{path}"
            await client.post(url, content=body, headers=self.headers | more)


@pytest.mark.slow
async def test_an_attacked_process_ends_where_it_was(parley: Parley) -> None:
    async with parley.socket() as client:
        text = f"[[scenario:huge_delta bytes={BYTES}]]"
        started = await client.start(text, model=parley.models["plain"])
        await client.finished(started["turn"])
    before = resident_kib(parley)
    async with contextlib.AsyncExitStack() as stays:
        attackers = Attackers(parley, started["turn"], started["conversation"], stays)
        await attackers.attack(ATTACK_SECONDS)
        async with asyncio.timeout(SETTLED_WITHIN_SECONDS):
            while resident_kib(parley) - before > ALLOWED_GROWTH_KIB:
                await asyncio.sleep(1)
        async with parley.socket("colleague") as client:
            await client.send(type="ping")
            await client.expect("pong")
