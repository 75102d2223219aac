"""Clients of connections: the source of their credential, who sees it, and how long they live."""

import asyncio
import gc
import io
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from anthropic import AsyncAnthropic
from django.db import connection as database

from chat.models import ProviderConnection
from chat.providers.clients import ClientPool, ConnectionUnusable, sync_client
from chat.providers.upstream import UpstreamError, open_stream
from tests.support.simulator import Upstream

SECRET = "sk-ant-very-secret-0123456789"
MODEL = "claude-haiku-4-5-20251001"


def connection(**fields: Any) -> ProviderConnection:
    return ProviderConnection(
        **{"name": "Loopback", "kind": "compatible", "base_url": "http://127.0.0.1:9", **fields}
    )


def request(text: str = "hi") -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 4096, "messages": [{"role": "user", "content": text}]}


async def read(client: AsyncAnthropic, text: str = "hi") -> list[dict[str, Any]]:
    async with open_stream(client, request(text)) as stream:
        return [event async for events in stream.events() for event in events]


@pytest.fixture
def pool() -> Iterator[ClientPool]:
    yield ClientPool()
    gc.collect()


async def test_credential_from_the_environment_and_from_the_row(
    simulator: Upstream, pool: ClientPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", f" {SECRET}\n")
    for fields in ({"credential_env": "SOME_KEY"}, {"credential": SECRET}):
        made = connection(base_url=simulator.url, **fields)
        async with pool.lease(made) as client:
            assert client.api_key == SECRET
            assert (await read(client))[-1]["type"] == "message_stop"
        with sync_client(made) as job:
            assert job.messages.create(**request()).stop_reason == "end_turn"
    await pool.close()
    assert len({row["workspace"] for row in simulator.invoice()["rows"]}) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "no credential"),
        ({"credential": "  "}, "no credential"),
        ({"credential_env": "NO_SUCH_KEY"}, "NO_SUCH_KEY is not set"),
        ({"credential": SECRET, "enabled": False}, "switched off"),
    ],
)
async def test_unusable_connection_says_so_at_once(
    pool: ClientPool, simulator: Upstream, fields: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The SDK's own defaults must not be used for a connection without a credential.
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-environment")
    made = connection(base_url=simulator.url, **fields)
    with pytest.raises(ConnectionUnusable, match=words):
        async with pool.lease(made):
            pass
    with pytest.raises(ConnectionUnusable, match=words), sync_client(made):
        pass
    assert simulator.invoice()["totals"]["requests"] == 0


@pytest.mark.django_db
def test_stored_credential_is_encrypted_and_not_in_the_history() -> None:
    made = connection(credential=SECRET)
    made.save()
    tables = ("chat_providerconnection", "chat_historicalproviderconnection")
    for table in tables:
        with database.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            assert SECRET not in str(cursor.fetchall())
    assert ProviderConnection.objects.get(pk=made.pk).secret() == SECRET


async def test_credential_is_in_no_repr_log_or_traceback(simulator: Upstream, pool: ClientPool) -> None:
    made = connection(base_url=simulator.url, credential=SECRET)
    written = io.StringIO()
    async with pool.lease(made) as client:
        for scenario in ("authentication message=sk-ant-echoed-9876543210", "bad_gateway", "cut"):
            with pytest.raises(UpstreamError) as caught, structlog.testing.capture_logs() as logs:
                await read(client, f"[[scenario:{scenario}]]")
            traceback.print_exception(caught.value, file=written)
            written.write(f"{caught.value.failure!r} {caught.value!r} {logs!r}")
        written.write(f"{client!r} {pool!r} {vars(pool)!r} {made!r} {made}")
    await pool.close()
    for secret in (SECRET, "sk-ant-echoed", SECRET[-6:]):
        assert secret not in written.getvalue()


async def test_old_client_closes_after_its_last_stream(make_simulator: Any, pool: ClientPool) -> None:
    simulator = make_simulator(pace=50)
    made = connection(base_url=simulator.url, credential=SECRET)
    async with pool.lease(made) as old:
        async with open_stream(old, request("[[scenario:long tokens=60]]")) as stream:
            events = stream.events()
            await anext(events)
            made.credential = "sk-another"
            async with pool.lease(made) as new:
                assert new is not old
                assert new.api_key == "sk-another"
                assert (await read(new))[-1]["type"] == "message_stop"
            assert not old.is_closed()
            rest = [event async for later in events for event in later]
        assert rest[-1]["type"] == "message_stop"
        assert not old.is_closed()
    assert old.is_closed()
    async with pool.lease(made) as again:
        assert again is new
    await pool.close()
    assert new.is_closed()


async def test_unused_old_client_is_closed_at_once(pool: ClientPool) -> None:
    made = connection(credential=SECRET)
    async with pool.lease(made) as old:
        pass
    made.content_idle_seconds = 5
    async with pool.lease(made) as new:
        assert old.is_closed()
        assert not new.is_closed()
    await pool.close()


def test_each_loop_has_its_own_clients(simulator: Upstream) -> None:
    """A client belongs to the loop that made it: pools are per loop, and work one after the other."""
    made = connection(base_url=simulator.url, credential=SECRET)

    async def ask() -> AsyncAnthropic:
        pool = ClientPool()
        async with pool.lease(made) as client:
            assert (await read(client))[-1]["type"] == "message_stop"
        await pool.close()
        return client

    assert asyncio.run(ask()) is not asyncio.run(ask())


async def test_leaving_a_stream_closes_its_connection(make_simulator: Any, pool: ClientPool) -> None:
    simulator = make_simulator(pace=100)
    made = connection(base_url=simulator.url, credential=SECRET)
    async with pool.lease(made) as client:
        async with open_stream(client, request("[[scenario:long tokens=5000]]")) as stream:
            await anext(stream.events())
        while (rows := simulator.invoice()["rows"])[0]["outcome"] == "running":
            await asyncio.sleep(0.01)  # the upstream notices by itself
    await pool.close()
    assert rows[0]["closed_by_client"]


async def test_unreachable_address_is_a_connection_failure(pool: ClientPool) -> None:
    async with pool.lease(connection(credential=SECRET)) as client:
        with pytest.raises(UpstreamError) as caught:
            await read(client)
    await pool.close()
    assert (caught.value.failure.kind, caught.value.reached) == ("connection", False)
