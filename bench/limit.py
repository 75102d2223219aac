"""The limit: the SDK alone, reading the same upstream as `AsyncStream.raw_events` frames it, in its own process."""

import asyncio
import json
import os
import sys
import time

import httpx2
import orjson
import uvloop
from anthropic import AsyncAnthropic, AsyncStream, DefaultAioHttpClient

from bench.meter import Meter

LIMITS = httpx2.Limits(max_connections=2000, max_keepalive_connections=2000)


async def read(client: AsyncAnthropic, wish: str, meter: Meter, delay: float) -> None:
    await asyncio.sleep(delay)
    asked, begun = time.monotonic(), False
    request = client.messages.with_streaming_response.create(
        model="claude-haiku-5-5", max_tokens=100, messages=[{"role": "user", "content": wish}], stream=True
    )
    async with request as answer:
        async for event in AsyncStream.raw_events(answer.http_response):
            if event.event != "content_block_delta":
                continue
            if not begun:
                begun = True
                meter.first(time.monotonic() - asked)
            if meter.in_window:
                meter.text(orjson.loads(event.data)["delta"]["text"])
            else:
                meter.deltas += 1


async def main(url: str, streams: int, wish: str, window_seconds: float, spacing: float) -> None:
    meter = Meter(os.getpid(), streams, window_seconds)
    client = AsyncAnthropic(
        api_key="bench", base_url=url, max_retries=0, http_client=DefaultAioHttpClient(limits=LIMITS)
    )
    async with client:
        reading = asyncio.gather(*(read(client, wish, meter, number * spacing) for number in range(streams)))
        print(json.dumps(await meter.measure(reading)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4]), float(sys.argv[5])))
