"""SIGKILL in the middle of a comparison: what has ended is taken up once by the next server, and never twice."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.kill import LEASE_SECONDS
from tests.support.parley import Parley, assert_clean_shutdown, create_parley
from tests.support.simulator import Upstream

ROUNDS_AT_ONCE = 3
KILLS = 4
NAMES = ("first", "second", "third")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def parley(
    request: pytest.FixtureRequest, prepared_data: Path, tmp_path: Path, upstream: Upstream
) -> Iterator[Parley]:
    environment = {"TURN_LEASE_SECONDS": str(LEASE_SECONDS)}
    if request.param == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres_url")
    names = [{"name": name, "max_retries": 1} for name in NAMES]
    made = create_parley(prepared_data, tmp_path / "parley", upstream, names, **environment)
    yield made
    made.server.kill()


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_round_outlasts_kills(parley: Parley) -> None:
    chance, conversations = random.Random(7), []
    for _ in range(KILLS):
        await asyncio.to_thread(parley.server.start)
        async with parley.socket() as client:
            for _number in range(ROUNDS_AT_ONCE):
                tokens = chance.choice((1, 30, 60))
                accepted = await client.start(
                    f"[[scenario:long tokens={tokens} pace=30]]",
                    model=parley.models["first"],
                    compare_with=[{"model": parley.models[name]} for name in NAMES[1:]],
                )
                conversations.append(accepted["conversation"])
            await client.expect("block.delta")
            await asyncio.sleep(chance.uniform(0, 1.5))
            parley.server.kill()
            await client.closed()
    await asyncio.to_thread(parley.server.start)
    await _all_ended(parley)
    for conversation in conversations:
        turns = parley.rows.query(
            "SELECT t.id, t.status, t.user_message_id, c.name FROM chat_turn t"
            " JOIN chat_languagemodel m ON m.id = t.model_id"
            " JOIN chat_providerconnection c ON c.id = m.connection_id"
            " WHERE t.conversation_id = ? ORDER BY t.created_at",
            conversation,
        )
        assert [turn["name"] for turn in turns] == list(NAMES)
        assert len({turn["user_message_id"] for turn in turns}) == 1
        assert {turn["status"] for turn in turns} <= {"completed", "interrupted"}
    await asyncio.to_thread(assert_clean_shutdown, parley)


async def _all_ended(parley: Parley) -> None:
    active = "SELECT id FROM chat_turn WHERE status IN ('queued', 'running', 'waiting') OR next_due"
    async with asyncio.timeout(120):
        while parley.rows.query(active):
            await asyncio.sleep(0.2)  # rows change in another process: there is no event to wait for
