"""Real websocket clients of Parley in a process of their own: each starts a turn and reads it to its end."""

import asyncio
import json
import sys
import time
import uuid

import orjson
import uvloop
from websockets.asyncio.client import connect

from bench.meter import Meter
from bench.upstream import PIECE_CHARACTERS


async def read(url: str, key: str, wish: str, meter: Meter, delay: float) -> None:
    """Raises AssertionError when a single delta is missing: a fast loss is no figure."""
    await asyncio.sleep(delay)
    headers = {"Authorization": f"Bearer {key}"}
    async with connect(
        url, additional_headers=headers, compression=None, max_size=None, open_timeout=60
    ) as socket:
        command = {
            "type": "turn.start",
            "client_id": str(uuid.uuid4()),
            "text": wish,
            "model": "claude-haiku-5-5",
        }
        asked, characters = time.monotonic(), 0
        await socket.send(json.dumps(command))
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
                    break
                case "error":
                    raise AssertionError(event)
        wanted = int(wish.split(maxsplit=1)[0].partition("=")[2])
        assert characters == wanted * PIECE_CHARACTERS, f"{characters} characters of {wanted} deltas"


async def main(
    *, pid: int, url: str, key: str, streams: int, wish: str, window: float, spacing: float
) -> None:
    meter = Meter(pid, streams, window)
    readers = (read(url, key, wish, meter, number * spacing) for number in range(streams))
    print(json.dumps(await meter.measure(asyncio.gather(*readers))))


if __name__ == "__main__":
    pid, url, key, streams, wish, window, spacing = sys.argv[1:]
    figures = main(
        pid=int(pid),
        url=url,
        key=key,
        streams=int(streams),
        wish=wish,
        window=float(window),
        spacing=float(spacing),
    )
    uvloop.run(figures)
