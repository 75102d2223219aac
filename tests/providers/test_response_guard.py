"""What both kinds of clients do with redirects and errors, for every kind of connection."""

import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from chat.claude.failures.safe_text import BODY_LIMIT
from chat.providers.clients import ClientPool, sync_client
from chat.providers.upstream import UpstreamError, as_upstream_error, open_stream
from tests.providers.rows import KEY, KEYS, REQUEST, SETTINGS, connection, credential_of
from tests.support.platforms import GOOGLE_TOKEN, Platforms
from tests.world.provider_stub import Reply, Stub, answer

MODEL = "claude-opus-5"
each_kind = pytest.mark.parametrize("kind", SETTINGS)


@pytest.fixture
def other() -> Iterator[Stub]:
    """Another server: nothing may ever arrive there."""
    with Stub(answer) as running:
        yield running
        assert running.asked == []


async def streamed(row: Any) -> UpstreamError:
    pool = ClientPool()
    try:
        with pytest.raises(UpstreamError) as failed:
            async with pool.lease(row) as client, open_stream(client, {**REQUEST, "model": MODEL}):
                pass
    finally:
        await pool.close()
    return failed.value


def called(row: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as failed:
        _call(row)
    return failed.value


def _call(row: Any) -> None:
    with sync_client(row) as client:
        try:
            client.messages.create(**REQUEST, model=MODEL)
        except Exception as error:
            raise as_upstream_error(error) from None


@each_kind
@pytest.mark.parametrize("status", [302, 307])
async def test_no_kind_is_redirected(
    kind: str, status: int, platforms: Platforms, account: str, other: Stub
) -> None:
    with Stub(lambda _asked: Reply(status, headers={"location": f"{other.url}/x"})) as upstream:
        row = connection(kind, credential_of(kind, account), upstream.url)
        for failed in (await streamed(row), called(row)):
            found = failed.failure
            assert (found.kind, found.retryable, found.status) == ("redirected", False, status)
            assert found.location == other.url
        assert len(upstream.asked) == 2
    assert platforms.asked == []


@each_kind
async def test_no_kind_shows_what_it_signed_in_with(kind: str, platforms: Platforms, account: str) -> None:
    """The upstream repeats every header of the request, and the stored credential."""
    stored = credential_of(kind, account)

    def reply(asked: Any) -> Reply:
        sent = " ".join(value for name, value in asked.headers.items() if "signature" not in value.lower())
        return Reply(403, {"message": f"{sent} {KEY} {KEYS} {stored}"}, headers={"request-id": f"id-{KEY}"})

    secrets = {"vertex": [GOOGLE_TOKEN], "google_cloud": [GOOGLE_TOKEN], "foundry": [KEY]}
    with Stub(reply) as upstream:
        row = connection(kind, stored, upstream.url)
        for failed in (await streamed(row), called(row)):
            assert failed.failure.kind == "permission"
            told = f"{failed.failure} {failed} {failed.__cause__}"
            for secret in secrets.get(kind, [row.secret()]):
                assert secret not in told
            assert "[secret]" in told
    assert platforms.asked == []


@pytest.mark.parametrize("size", [100, 3 * BODY_LIMIT, 40_000_000])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_bodies_of_errors_are_cut_and_cleaned(size: int, encoding: str) -> None:
    body = f"refused {KEY} ".encode() + b"x" * size
    sent = gzip.compress(body) if encoding == "gzip" else body
    with Stub(lambda _asked: Reply(500, sent, "text/plain", {"content-encoding": encoding})) as upstream:
        row = connection("compatible", KEY, upstream.url)
        for failed in (await streamed(row), called(row)):
            assert failed.failure.kind == "unavailable"
            assert failed.failure.message.startswith("refused [secret]")
        with sync_client(row) as client, pytest.raises(Exception, match="refused") as raw:
            client.messages.create(**REQUEST, model=MODEL)
    content = raw.value.response.content
    assert len(content) <= BODY_LIMIT + 16
    assert KEY.encode() not in content


async def test_answers_pass_untouched() -> None:
    with Stub(lambda asked: answer(asked, text=f"The key is {KEY}.")) as upstream:
        row, pool = connection("compatible", KEY, upstream.url), ClientPool()
        async with pool.lease(row) as client, open_stream(client, {**REQUEST, "model": MODEL}) as stream:
            events = [event async for events in stream.events() for event in events]
        await pool.close()
    assert events[2]["delta"]["text"] == f"The key is {KEY}."
