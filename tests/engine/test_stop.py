"""The end of an engine's loops, whatever they are doing when the process goes down."""

import asyncio

import pytest

from chat.engine.runtime import Engine


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("steps", range(5))
async def test_loops_end_while_a_hint_wakes_one(steps: int) -> None:
    """Python 3.11's `asyncio.wait_for` takes no cancellation at the moment at which what it waits for has come."""
    engine = Engine()
    engine.start()
    await asyncio.sleep(0)
    engine._look_due.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await engine.stop(0)
