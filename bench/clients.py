"""Real websocket clients of Parley in a process of their own: each starts a turn and reads it to its end.

`python -m bench.clients JSON` takes {"pids": the web processes whose cost counts, "url": the socket that starts turns,
"viewer_url": the socket that reads them, "key": a Parley key, "load": the fields of a Load}.
"""

import asyncio
import dataclasses
import json
import sys
import time
import uuid
from typing import Any

import orjson
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from bench.load import Load
from bench.meter import Meter
from bench.upstream import PIECE_CHARACTERS

MODEL = "claude-haiku-5-5"


@dataclasses.dataclass(frozen=True, slots=True)
class Sockets:
    """Where turns are started and where they are read: at the same process, or at another one."""

    url: str
    viewer_url: str
    key: str

    def open(self, url: str) -> connect:
        headers = {"Authorization": f"Bearer {self.key}"}
        return connect(url, additional_headers=headers, compression=None, max_size=None, open_timeout=60)


async def read(sockets: Sockets, meter: Meter, number: int, connected: asyncio.Barrier) -> None:
    """Start a turn and read it to its end.

    Raises:
        AssertionError: a delta is missing. A fast loss is no figure.
    """
    await asyncio.sleep(number * meter.load.spacing_seconds)
    async with sockets.open(sockets.url) as socket:
        if not meter.load.spacing_seconds:
            await connected.wait()  # all turns begin at the same moment
        asked = time.monotonic()
        await start(socket, meter.load.request)
        if sockets.viewer_url == sockets.url:
            characters = await read_turn(socket, meter, asked)
        else:
            place = await accepted(socket)
            async with sockets.open(sockets.viewer_url) as viewer:
                await socket.close()
                await viewer.send(json.dumps({"type": "subscribe", "after": 0, **place}))
                characters = await read_turn(viewer, meter, asked)
    wanted = int(meter.load.request.split(maxsplit=1)[0].partition("=")[2])
    assert characters == wanted * PIECE_CHARACTERS, f"{characters} characters of {wanted} deltas"


async def start(socket: ClientConnection, text: str, **place: str) -> None:
    command = {"type": "turn.start", "client_id": str(uuid.uuid4()), "text": text, "model": MODEL, **place}
    await socket.send(json.dumps(command))


async def accepted(socket: ClientConnection) -> dict[str, str]:
    """Wait until the turn is accepted; returns the ids of its conversation and itself."""
    async for frame in socket:
        event = orjson.loads(frame)
        assert event["type"] != "error", event
        if event["type"] == "turn.accepted":
            return {"conversation": event["conversation"], "turn": event["turn"]}
    raise AssertionError("the socket ended before the turn was accepted")


async def read_turn(socket: ClientConnection, meter: Meter, asked: float) -> int:
    """Read a turn to its end; returns the characters of its text."""
    characters = 0
    async for frame in socket:
        event = orjson.loads(frame)
        match event["type"]:
            case "block.delta":
                if not characters:
                    meter.first(time.monotonic() - asked)
                characters += len(event["text"])
                meter.text(event["text"])
            case "turn.finished":
                assert event["status"] == "completed", event
                return characters
            case "error":
                raise AssertionError(event)
    raise AssertionError("the socket ended before its turn")


async def main(job: dict[str, Any]) -> None:
    meter = Meter(job["pids"], Load(**job["load"]))
    sockets = Sockets(job["url"], job["viewer_url"], job["key"])
    connected = asyncio.Barrier(meter.load.streams)
    readers = (read(sockets, meter, number, connected) for number in range(meter.load.streams))
    print(json.dumps(await meter.measure(asyncio.gather(*readers))))


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))
