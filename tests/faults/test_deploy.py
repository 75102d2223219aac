"""A deploy, that is SIGTERM, in the middle of fifty streams loses nothing."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.parley import Parley, assert_clean_shutdown, create_parley
from tests.support.simulator import Upstream
from tests.support.socket_client import SocketClient

STREAMS = 50
RESTART = 1012


@pytest.fixture
def parley(prepared_data: Path, tmp_path: Path, upstream: Upstream) -> Iterator[Parley]:
    grace = {"TURN_GRACE_SECONDS": "5"}
    made = create_parley(prepared_data, tmp_path / "parley", upstream, [{"name": "plain"}], **grace)
    yield made
    made.server.kill()


@pytest.mark.slow
async def test_fifty_streams_survive_a_deploy(parley: Parley) -> None:
    """Half of the turns end within the grace period, half are longer; clients reconnect to the next process."""
    await asyncio.to_thread(parley.server.start)
    conversations, seen = {}, {}
    async with parley.socket() as client:
        for number in range(STREAMS):
            tokens, pace = (60, 20) if number % 2 else (4000, 40)
            text = f"[[scenario:long tokens={tokens} pace={pace}]] {number}"
            accepted = await client.start(text, model=parley.models["plain"])
            conversations[accepted["turn"]] = accepted["conversation"]
        for turn in conversations:
            await client.expect("block.delta", turn=turn)
        stopping = asyncio.create_task(asyncio.to_thread(assert_clean_shutdown, parley))
        assert await client.closed() == RESTART
        seen = dict(client.frames)
    await stopping
    await asyncio.to_thread(parley.server.start)
    async with parley.socket() as client:
        for turn, conversation in conversations.items():
            after = len(seen[turn])
            await client.send(type="subscribe", conversation=conversation, turn=turn, after=after)
        await client.send(type="ping")
        await client.expect("pong")
        # A turn that had ended before its viewer left sends nothing more.
        statuses = [await _end(client, turn, seen[turn]) for turn in conversations]
        assert not [found for found in client.messages if found["type"] == "refresh"]
        for turn in conversations:
            assert seen[turn] + client.frames.get(turn, []) == parley.rows.frames(turn)
        assert set(statuses) == {"completed", "interrupted"}
        ends = dict(zip(conversations, statuses, strict=True))
        cut = next(turn for turn, status in ends.items() if status == "interrupted")
        accepted = await client.ask(type="turn.continue", turn=cut)
        assert (await client.finished(accepted["turn"]))["status"] == "completed"
    assert not parley.rows.query("SELECT id FROM chat_apicall WHERE status = 'open'")
    assert not parley.rows.query("SELECT id FROM chat_message WHERE status = 'streaming'")
    await asyncio.to_thread(assert_clean_shutdown, parley)


async def _end(client: SocketClient, turn: str, seen: list[bytes]) -> str:
    if seen[-1].startswith(b'{"type":"turn.finished"'):
        return "completed"
    return str((await client.finished(turn))["status"])
