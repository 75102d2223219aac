"""The database is locked, full or away for a while, in the middle and at the end of turns: nothing is lost."""

import asyncio
import contextlib
import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.stage import Parley, build
from tests.support.simulator import Upstream

Trouble = Callable[[Parley], contextlib.AbstractContextManager[None]]


@pytest.fixture(scope="module")
def stage(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    """A Parley of these tests' own: what they do to it shows in its log."""
    parley = build(
        prepared_data,
        tmp_path_factory.mktemp("locked") / "parley",
        upstream,
        [{"name": "plain"}],
        TURN_LEASE_SECONDS="2",
    )
    parley.server.start()
    try:
        yield parley
    finally:
        parley.server.kill()


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
    """Let the server write no file any further: what a full disk looks like from inside."""
    assert parley.server.process is not None
    pid = parley.server.process.pid
    _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.parametrize("trouble", [locked, full], ids=["locked", "full"])
async def test_text_goes_on_and_is_kept_when_writing_works_again(stage: Parley, trouble: Trouble) -> None:
    """The lock outlasts the lease; its owner is alive, so nobody may take the turn for dead."""
    async with stage.socket() as line:
        turn = (await line.start("[[scenario:long tokens=500 pace=80]]", model=stage.models["plain"]))["turn"]
        await line.expect("block.delta", turn=turn)
        with trouble(stage):
            seen = len(line.frames[turn])
            await line.until(lambda _any: len(line.frames[turn]) > seen + 80)
        finished = await line.finished(turn)
        assert finished["status"] == "completed"
    assert stage.rows.frames(turn) == line.frames[turn]
    assert stage.rows.text(turn) == line.text(turn)
    assert [(call["status"], call["certainty"]) for call in stage.rows.calls(turn)] == [
        ("succeeded", "exact")
    ]


@pytest.mark.parametrize("trouble", [locked, full], ids=["locked", "full"])
async def test_end_waits_for_the_database(stage: Parley, trouble: Trouble) -> None:
    async with stage.socket() as line:
        turn = (await line.start("[[scenario:long tokens=60 pace=40]]", model=stage.models["plain"]))["turn"]
        await line.expect("block.delta", turn=turn)
        with trouble(stage):
            # The upstream's last delta; what follows is the end, which can't be written now.
            await line.expect("block.stop", turn=turn)
            await asyncio.to_thread(stage.upstream.invoice)
            assert not [found for found in line.messages if found["type"] == "turn.finished"]
        assert (await line.finished(turn))["status"] == "completed"
    assert stage.rows.frames(turn) == line.frames[turn]
    assert stage.rows.turn(turn)["status"] == "completed"


async def test_message_that_can_not_be_saved_is_refused_clearly(stage: Parley) -> None:
    async with stage.socket() as line:
        before = stage.rows.query("SELECT count(*) AS n FROM chat_message")
        with full(stage):
            answer = await line.ask(type="turn.start", text="lost?", model=stage.models["plain"])
            assert (answer["type"], answer["code"]) == ("error", "internal")
            assert answer["message"]
        assert stage.rows.query("SELECT count(*) AS n FROM chat_message") == before
        again = await line.ask(
            type="turn.start", text="[[scenario:echo]] kept", client_id=answer["client_id"]
        )
        assert (await line.finished(again["turn"]))["status"] == "completed"
