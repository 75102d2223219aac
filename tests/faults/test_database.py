"""The database is locked or its disk is full for a while, during and at the end of turns: nothing is lost."""

import asyncio
import contextlib
import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.parley import Parley, create_parley
from tests.support.simulator import Upstream

Trouble = Callable[[Parley], contextlib.AbstractContextManager[None]]


@pytest.fixture(scope="module")
def parley(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    """A Parley of this module's own, because its log gets errors."""
    folder = tmp_path_factory.mktemp("locked") / "parley"
    created = create_parley(prepared_data, folder, upstream, [{"name": "plain"}], TURN_LEASE_SECONDS="2")
    with created.running(clean=False):
        yield created


@contextlib.contextmanager
def locked(parley: Parley) -> Iterator[None]:
    """Hold SQLite's only write lock from another process's connection."""
    with contextlib.closing(sqlite3.connect(parley.rows.file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


@contextlib.contextmanager
def full(parley: Parley) -> Iterator[None]:
    """Make every write of the server to a file fail, as on a full disk."""
    assert parley.server.process is not None
    pid = parley.server.process.pid
    _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.parametrize("trouble", [locked, full], ids=["locked", "full"])
async def test_streaming_outlasts_a_database_that_refuses_writes(parley: Parley, trouble: Trouble) -> None:
    """The lock outlasts the lease, but the owner is alive: the turn must not be taken from it."""
    async with parley.socket() as client:
        turn = (await client.start("[[scenario:long tokens=1200 pace=80]]", model=parley.models["plain"]))[
            "turn"
        ]
        await client.expect("block.delta", turn=turn)
        with trouble(parley):
            # The pace of the text is the clock: it takes three seconds, in as many frames as the machine makes of it.
            seen = len(client.text(turn))
            await client.until(lambda _any: len(client.text(turn)) > seen + 1500)
        finished = await client.finished(turn)
        assert finished["status"] == "completed"
    assert parley.rows.frames(turn) == client.frames[turn]
    assert parley.rows.text(turn) == client.text(turn)
    assert [(call["status"], call["certainty"]) for call in parley.rows.calls(turn)] == [
        ("succeeded", "exact")
    ]


@pytest.mark.parametrize("trouble", [locked, full], ids=["locked", "full"])
async def test_turn_finishes_when_the_database_accepts_writes_again(parley: Parley, trouble: Trouble) -> None:
    async with parley.socket() as client:
        accepted = await client.start(
            "[[scenario:stall at=5 seconds=6 tokens=30]]", model=parley.models["plain"]
        )
        turn = accepted["turn"]
        await client.expect("block.delta", turn=turn)
        with trouble(parley):
            # The upstream's last delta; the end follows, which can't be written now.
            await client.expect("block.stop", turn=turn)
            await asyncio.to_thread(parley.upstream.invoice)
            assert not [found for found in client.messages if found["type"] == "turn.finished"]
        assert (await client.finished(turn))["status"] == "completed"
    assert parley.rows.frames(turn) == client.frames[turn]
    assert parley.rows.turn(turn)["status"] == "completed"


async def test_message_that_cannot_be_saved_is_refused(parley: Parley) -> None:
    async with parley.socket() as client:
        before = parley.rows.query("SELECT count(*) AS n FROM chat_message")
        with full(parley):
            answer = await client.ask(type="turn.start", text="lost?", model=parley.models["plain"])
            assert (answer["type"], answer["code"]) == ("error", "internal")
            assert answer["message"]
        assert parley.rows.query("SELECT count(*) AS n FROM chat_message") == before
        again = await client.ask(
            type="turn.start", text="[[scenario:echo]] kept", client_id=answer["client_id"]
        )
        assert (await client.finished(again["turn"]))["status"] == "completed"
