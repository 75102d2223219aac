"""Two web processes on PostgreSQL and Redis: viewer and owner in different ones, with and without hints."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.parley import Parley, assert_clean_shutdown, create_parley
from tests.support.server import Server
from tests.support.services import postgres_database, redis_database
from tests.support.simulator import Upstream
from tests.support.socket_client import SocketClient
from tests.support.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.services, pytest.mark.slow]
DATABASE_THREADS = 6
PLACES = 20
LONG = "[[scenario:long tokens=4000 pace=60]]"


@dataclasses.dataclass
class Pair:
    """Parley in two processes; Redis is behind a proxy that can be frozen and cut."""

    parley: Parley
    other: Server
    redis: TcpProxy

    @contextlib.asynccontextmanager
    async def sockets(self) -> AsyncIterator[tuple[SocketClient, SocketClient]]:
        async with self.parley.socket() as near, self.parley.socket(url=self.other.ws_url) as far:
            yield near, far


@pytest.fixture(scope="module")
def pair(
    prepared_data: Path,
    postgres_template: str,
    tmp_path_factory: pytest.TempPathFactory,
    upstream: Upstream,
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair") / "parley"
    with postgres_database(postgres_template) as url, redis_database() as own, TcpProxy(own) as redis:
        environment = {"DATABASE_URL": url, "REDIS_URL": redis.url, "CELERY_BROKER_URL": redis.url}
        lease = {"TURN_LEASE_SECONDS": "2"}
        places = {"CONNECTIONS_PER_PERSON": str(PLACES)}
        parley = create_parley(
            prepared_data, folder, upstream, [{"name": "plain"}], **environment, **lease, **places
        )
        other = Server(folder, parley.server.environment)
        parley.server.start()
        other.start()
        try:
            yield Pair(parley, other, redis)
            assert_clean_shutdown(dataclasses.replace(parley, server=other), ignored_logger="channels_redis")
            assert_clean_shutdown(parley, ignored_logger="channels_redis")
        finally:
            other.kill()
            parley.server.kill()


@pytest.fixture(autouse=True)
def whole(pair: Pair) -> Iterator[None]:
    yield
    pair.redis.mend()
    pair.redis.thaw()


async def watched(pair: Pair, near: SocketClient, far: SocketClient, text: str) -> tuple[str, str]:
    """Start a turn here, watch it there; returns (conversation, turn)."""
    accepted = await near.start(text, model=pair.parley.models["plain"])
    conversation, turn = accepted["conversation"], accepted["turn"]
    await far.send(type="subscribe", conversation=conversation, turn=turn, after=0)
    return conversation, turn


async def test_viewer_of_another_process_sees_the_same_bytes(pair: Pair) -> None:
    async with pair.sockets() as (near, far):
        _conversation, turn = await watched(pair, near, far, "[[scenario:long tokens=300 pace=100]]")
        await near.finished(turn)
        await far.finished(turn)
    assert near.frames[turn] == far.frames[turn] == pair.parley.rows.frames(turn)


async def test_new_turns_and_titles_reach_other_processes(pair: Pair) -> None:
    async with pair.sockets() as (near, far):
        conversation, turn = await watched(pair, near, far, "[[scenario:echo]] first")
        await far.finished(turn)
        again = await near.start("[[scenario:echo]] second", conversation=conversation)
        assert (await far.expect("turn.accepted", turn=again["turn"]))["client_id"] == again["client_id"]
        await far.finished(again["turn"])
        await near.finished(again["turn"])
        assert far.frames[again["turn"]] == near.frames[again["turn"]]
        await far.expect("conversation.updated", conversation=conversation)
        assert len([found for found in far.messages if found["type"] == "turn.finished"]) == 2


async def test_stop_works_from_another_process(pair: Pair) -> None:
    async with pair.sockets() as (near, far):
        _conversation, turn = await watched(pair, near, far, LONG)
        await far.expect("block.delta", turn=turn)
        await far.send(type="turn.stop", turn=turn)
        assert (await far.finished(turn))["status"] == "stopped"
        await near.finished(turn)
    assert near.frames[turn] == far.frames[turn]
    call = pair.parley.rows.calls(turn)[0]
    rows = pair.parley.upstream.invoice()["rows"]
    assert next(row for row in rows if row["request_id"] == call["upstream_request_id"])["closed_by_client"]


@pytest.mark.parametrize("trouble", ["freeze", "cut"])
async def test_lost_hints_lose_no_events(pair: Pair, trouble: str) -> None:
    async with pair.sockets() as (near, far):
        _conversation, turn = await watched(pair, near, far, LONG)
        await far.expect("block.delta", turn=turn)
        getattr(pair.redis, trouble)()
        # Everything goes on without Redis: new sockets, new turns, text elsewhere, Stop from elsewhere.
        async with pair.sockets() as (here, there):
            _other, late = await watched(pair, here, there, "[[scenario:long tokens=120 pace=60]]")
            await there.finished(late)
            await here.finished(late)
            assert here.frames[late] == there.frames[late]
            # As many ends as there are threads for the database: each would like to wake a worker.
            for _ in range(DATABASE_THREADS + 2):
                short = await here.start("[[scenario:echo]]", model=pair.parley.models["plain"])
                await here.finished(short["turn"])
        await far.send(type="turn.stop", turn=turn)
        await near.finished(turn)
        await far.finished(turn)
        assert near.frames[turn] == far.frames[turn]


async def test_owners_death_reaches_viewers_of_other_processes(pair: Pair) -> None:
    async with pair.sockets() as (near, far):
        conversation, turn = await watched(pair, far, near, LONG)
        for client in (near, far):
            await client.expect("block.delta", turn=turn)
        # Any process may take a waiting turn; the one that accepted it is only nearly always first.
        owner = int(pair.parley.rows.turn(turn)["owner"].split(":")[1])
        (dead, lost), (alive, kept) = sorted(
            [(pair.parley.server, near), (pair.other, far)],
            key=lambda each: each[0].process is None or each[0].process.pid != owner,
        )
        assert dead.process is not None
        assert dead.process.pid == owner
        have = len(lost.frames[turn])
        dead.kill()
        durable = len(pair.parley.rows.frames(turn))
        # Some come back with more than what survived, by one frame or many, while the turn still seems to run.
        async with (
            pair.parley.socket(url=alive.ws_url) as ahead,
            pair.parley.socket(url=alive.ws_url) as just,
        ):
            for client, more in ((ahead, have + 1000), (just, durable + 1)):
                await client.send(type="subscribe", conversation=conversation, turn=turn, after=more)
            finished = await kept.finished(turn)
            assert (finished["status"], finished["error"]["code"]) == ("interrupted", "restarted")
            for client in (ahead, just):
                await client.expect("refresh", turn=turn)
                assert turn not in client.frames
        assert kept.text(turn) == pair.parley.rows.text(turn) != ""
        accepted = await kept.ask(type="turn.continue", turn=turn)
        assert (await kept.finished(accepted["turn"]))["status"] == "completed"
    await asyncio.to_thread(dead.start)


async def test_end_between_subscribe_and_read_is_not_missed(pair: Pair) -> None:
    """Many short turns, watched from elsewhere at once: each brings its end, none is told twice."""
    async with pair.sockets() as (near, far):
        turns = []
        for number in range(12):
            _conversation, turn = await watched(pair, near, far, f"[[scenario:echo]] {number}")
            turns.append(turn)
        for turn in turns:
            await near.finished(turn)
            await far.finished(turn)
        await far.send(type="ping")
        await far.expect("pong")
        for turn in turns:
            assert far.frames[turn] == near.frames[turn], turn


async def test_ids_that_postgresql_refuses_are_not_found(pair: Pair) -> None:
    async with pair.parley.socket() as client:
        for key in ("model", "assistant", "conversation", "parent"):
            # NUL in text is replaced; in an id it names nothing.
            answer = await client.ask(type="turn.start", text="a\0b", **{key: "x\0y"})
            assert answer["code"] == "not_found", key


async def test_a_persons_places_are_counted_over_both(pair: Pair) -> None:
    async def answer_of_the_other() -> dict[str, Any]:
        async with pair.parley.socket("colleague", url=pair.other.ws_url) as far:
            with contextlib.suppress(ConnectionClosed):
                await far.send(type="ping")
            return await far.until(lambda _message: True)

    async with contextlib.AsyncExitStack() as open_sockets:
        for _ in range(PLACES):
            await open_sockets.enter_async_context(pair.parley.socket("colleague"))
        while (answer := await answer_of_the_other())["type"] != "error":
            pass  # the other process has not heard of them yet
        assert answer["code"] == "too_many_connections"
    while (await answer_of_the_other())["type"] != "pong":
        pass  # nor that they are closed
