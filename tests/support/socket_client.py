"""A client of Parley's socket: sends commands, keeps every message it received, and waits for the ones it wants."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

LONGEST_WAIT_SECONDS = 120
# Options of `websockets.asyncio.client.connect`: no proxy, no compression, and messages as large as the tests need.
SOCKET_OPTIONS: dict[str, Any] = {
    "proxy": None,
    "max_size": 64 * 2**20,
    "compression": None,
    "ping_interval": None,
}


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        return dict(orjson.loads(text))
    except orjson.JSONDecodeError:  # a number that no float holds
        return dict(json.loads(text))


class SocketClient:
    """One open socket. `messages` holds what was received, in order; `frames` the bytes of each turn's events."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.messages: list[dict[str, Any]] = []
        self.frames: dict[str, list[bytes]] = {}
        self.received_at: dict[tuple[str, int], float] = {}
        self.close_code: int | None = None
        self._received = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        try:
            async for text in self.connection:
                message = _parsed(text)
                self.messages.append(message)
                if "seq" in message:
                    self.frames.setdefault(message["turn"], []).append(text.encode())
                    self.received_at.setdefault((message["turn"], message["seq"]), clock())
                self._wake()
        except ConnectionClosed:
            pass
        self.close_code = self.connection.close_code
        self._wake()

    def _wake(self) -> None:
        self._received.set()
        self._received = asyncio.Event()

    async def send(self, **command: Any) -> None:
        await self.connection.send(orjson.dumps(command).decode())

    async def until(self, wanted: Callable[[dict[str, Any]], bool], *, after: int = 0) -> dict[str, Any]:
        """Return the first message that is wanted, from `after` on; waits for it if it has not arrived."""
        seen = after
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            while True:
                received = self._received
                for message in self.messages[seen:]:
                    if wanted(message):
                        return message
                seen = len(self.messages)
                assert self.close_code is None, f"closed with {self.close_code}: {self.messages[-3:]}"
                await received.wait()

    async def expect(self, kind: str, *, count: int = 1, **fields: Any) -> dict[str, Any]:
        """Return the count-th message of a type with these fields."""
        left = count

        def wanted(message: dict[str, Any]) -> bool:
            nonlocal left
            if message["type"] == kind and fields.items() <= message.items():
                left -= 1
            return left == 0

        return await self.until(wanted)

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command with a client id and return its answer: turn.accepted or error."""
        client_id = command.setdefault("client_id", str(uuid4()))
        seen = len(self.messages)
        await self.send(**command)
        answers = ("turn.accepted", "error")
        return await self.until(
            lambda found: found["type"] in answers and found.get("client_id") == client_id, after=seen
        )

    async def start(self, text: str, **command: Any) -> dict[str, Any]:
        """Start a turn and return its turn.accepted."""
        answer = await self.ask(**{"type": "turn.start", "text": text, **command})
        assert answer["type"] == "turn.accepted", answer
        return answer

    async def refused(self, **command: Any) -> str:
        """Send a command that is refused and return the error's code."""
        seen = len(self.messages)
        await self.send(**command)
        return str((await self.until(lambda found: found["type"] == "error", after=seen))["code"])

    async def finished(self, turn: str) -> dict[str, Any]:
        return await self.expect("turn.finished", turn=turn)

    async def closed(self) -> int:
        """Wait until the socket is closed and return its close code."""
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            await asyncio.wait({self._reader})
        assert self.close_code is not None
        return self.close_code

    def text(self, turn: str) -> str:
        deltas = (found for found in self.messages if found.get("turn") == turn)
        return "".join(
            found["text"] for found in deltas if found["type"] == "block.delta" and "text" in found
        )
