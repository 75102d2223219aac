"""A deploy loses nothing: SIGTERM in the middle of fifty streams."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.stage import Line, Parley, build, ended_well
from tests.support.simulator import Upstream

STREAMS = 50
RESTART = 1012


@pytest.fixture
def parley(prepared_data: Path, tmp_path: Path, upstream: Upstream) -> Iterator[Parley]:
    grace = {"TURN_GRACE_SECONDS": "5"}
    made = build(prepared_data, tmp_path / "parley", upstream, [{"name": "plain"}], **grace)
    yield made
    made.server.kill()


@pytest.mark.slow
async def test_fifty_streams_survive_a_deploy(parley: Parley) -> None:
    """Half of the turns end within the grace, half are longer than it; clients come back to the next process."""
    await asyncio.to_thread(parley.server.start)
    conversations, seen = {}, {}
    async with parley.socket() as line:
        for number in range(STREAMS):
            tokens, pace = (60, 20) if number % 2 else (4000, 40)
            text = f"[[scenario:long tokens={tokens} pace={pace}]] {number}"
            accepted = await line.start(text, model=parley.models["plain"])
            conversations[accepted["turn"]] = accepted["conversation"]
        for turn in conversations:
            await line.expect("block.delta", turn=turn)
        stopping = asyncio.create_task(asyncio.to_thread(ended_well, parley))
        assert await line.closed() == RESTART
        seen = dict(line.frames)
    await stopping
    await asyncio.to_thread(parley.server.start)
    async with parley.socket() as line:
        for turn, conversation in conversations.items():
            after = len(seen[turn])
            await line.send(type="subscribe", conversation=conversation, turn=turn, after=after)
        await line.send(type="ping")
        await line.expect("pong")
        # A turn that had ended before its viewer left brings nothing more.
        statuses = [await _end(line, turn, seen[turn]) for turn in conversations]
        assert not [found for found in line.messages if found["type"] == "refresh"]
        for turn in conversations:
            assert seen[turn] + line.frames.get(turn, []) == parley.rows.frames(turn)
        assert set(statuses) == {"completed", "interrupted"}
        ends = dict(zip(conversations, statuses, strict=True))
        cut = next(turn for turn, status in ends.items() if status == "interrupted")
        accepted = await line.ask(type="turn.continue", turn=cut)
        assert (await line.finished(accepted["turn"]))["status"] == "completed"
    assert not parley.rows.query("SELECT id FROM chat_apicall WHERE status = 'open'")
    assert not parley.rows.query("SELECT id FROM chat_message WHERE status = 'streaming'")
    await asyncio.to_thread(ended_well, parley)


async def _end(line: Line, turn: str, seen: list[bytes]) -> str:
    if seen[-1].startswith(b'{"type":"turn.finished"'):
        return "completed"
    return str((await line.finished(turn))["status"])
