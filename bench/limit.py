"""The limit: the SDK alone, reading the same upstream as `AsyncStream.raw_events` frames it, in its own process.

`python -m bench.limit JSON` takes {"url": the upstream's, "load": the fields of a Load}.
"""

import asyncio
import json
import os
import sys
import time
from typing import Any

import httpx2
import orjson
import uvloop
from anthropic import AsyncAnthropic, AsyncStream, DefaultAioHttpClient

from bench.load import Load
from bench.meter import Meter

LIMITS = httpx2.Limits(max_connections=2000, max_keepalive_connections=2000)


async def read(client: AsyncAnthropic, meter: Meter, number: int) -> None:
    await asyncio.sleep(number * meter.load.spacing_seconds)
    asked, begun = time.monotonic(), False
    request = client.messages.with_streaming_response.create(
        model="claude-haiku-5-5",
        max_tokens=100,
        messages=[{"role": "user", "content": meter.load.request}],
        stream=True,
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


async def main(job: dict[str, Any]) -> None:
    meter = Meter([os.getpid()], Load(**job["load"]))
    client = AsyncAnthropic(
        api_key="bench", base_url=job["url"], max_retries=0, http_client=DefaultAioHttpClient(limits=LIMITS)
    )
    async with client:
        reading = asyncio.gather(*(read(client, meter, number) for number in range(meter.load.streams)))
        print(json.dumps(await meter.measure(reading)))


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.argv[1])))
