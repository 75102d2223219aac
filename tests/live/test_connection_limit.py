"""Limits of a person: places for sockets and event streams, and turns in a minute; each refusal has words."""

import asyncio
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.parley import create_parley
from tests.support.simulator import Upstream

TOO_MANY = 4429


async def test_a_person_has_a_number_of_places(
    prepared_data: Path, tmp_path: Path, upstream: Upstream
) -> None:
    made = create_parley(
        prepared_data,
        tmp_path / "parley",
        upstream,
        [{"name": "plain"}],
        CONNECTIONS_PER_PERSON="2",
        TURNS_PER_MINUTE="1",
    )
    with made.running():
        async with made.socket() as first, made.socket() as second:
            started = await first.start("[[scenario:echo]] hi", model=made.models["plain"])
            await first.finished(started["turn"])
            async with made.socket() as third:
                refused = await third.expect("error")
                assert refused["code"] == "too_many_connections"
                assert "Close some" in refused["message"]
                assert await third.closed() == TOO_MANY
            headers = {"Authorization": f"Bearer {made.people['insider']['chat']}"}
            events = f"{made.server.url}/api/v1/turns/{started['turn']}/events"
            request = urllib.request.Request(events, headers=headers)
            with pytest.raises(urllib.error.HTTPError) as problem:
                await asyncio.to_thread(urllib.request.urlopen, request, timeout=30)
            assert problem.value.code == 429
            problem.value.close()
            async with made.socket("colleague") as other:
                await other.send(type="ping")
                await other.expect("pong")
            # A minute may end between two of them, and both commands and requests count.
            again = [
                await first.ask(type="turn.start", text="hi", model=made.models["plain"]) for _ in range(3)
            ]
            refused = next(one for one in again if one["type"] == "error")
            assert refused["code"] == "too_many_requests"
            assert "Wait a minute" in refused["message"]
            await second.connection.close()
        async with made.socket() as again:
            await again.send(type="ping")
            await again.expect("pong")
