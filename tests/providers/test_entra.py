"""Foundry with Microsoft Entra ID: tokens of a service principal and of the machine, from request to stream."""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from chat.models import ProviderConnection
from chat.providers import entra
from chat.providers.clients import ClientPool, ConnectionUnusable, sync_client
from chat.providers.upstream import UpstreamError, as_upstream_error, open_stream
from tests.providers.rows import KEY, REQUEST, connection
from tests.support.entra import HEADER, HOST, Entra
from tests.support.platforms import EVENTS, Platforms

CLIENT = "0a1b2c3d-0000-4000-8000-00000000000c"
PRINCIPAL = {"tenant_id": "a-tenant", "client_id": CLIENT, "client_secret": "principals~secret"}
STREAMED = {"model": "claude-opus-5", **REQUEST}


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entra]:
    with Entra(tmp_path_factory.mktemp("entra")) as running:
        yield running


@pytest.fixture
def directory(login: Entra, platforms: Platforms, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entra]:
    """The sign-in, reached by its real name from a machine full of foreign variables."""
    login.forget()
    for name, value in login.variables().items():
        monkeypatch.setenv(name, value)
    entra._shared_tokens.cache_clear()
    yield login
    entra._shared_tokens.cache_clear()
    gc.collect()  # an unclosed object fails the test that left it


@pytest.fixture
def hosted(directory: Entra, monkeypatch: pytest.MonkeyPatch) -> Entra:
    """An Azure machine with an identity, as in an App Service."""
    monkeypatch.delenv("AZURE_CLIENT_ID")
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{directory.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", HEADER)
    return directory


def foundry(
    platforms: Platforms, credential: str = json.dumps(PRINCIPAL), **fields: Any
) -> ProviderConnection:
    return connection("foundry", credential, f"{platforms.url}/anthropic", **fields)


async def streamed(pool: ClientPool, row: ProviderConnection) -> list[dict[str, Any]]:
    async with pool.lease(row) as client, open_stream(client, STREAMED) as stream:
        return [event async for events in stream.events() for event in events]


def message(row: ProviderConnection) -> None:
    with sync_client(row) as client:
        client.messages.create(**STREAMED)


def assert_sent(platforms: Platforms, token: str) -> None:
    headers = platforms.asked[-1].headers
    assert headers["authorization"] == f"Bearer {token}"
    assert not {"api-key", "x-api-key"} & set(headers)
    assert "of-the-environment" not in json.dumps(headers)


def assert_asked_as_principal(directory: Entra) -> None:
    for asked in directory.asked:
        assert (asked.host, asked.path) == (f"{HOST}:443", "/a-tenant/oauth2/v2.0/token")
        said = {name: asked.fields[name] for name in ("grant_type", "client_id", "client_secret", "scope")}
        assert said == {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": "principals~secret",
            "scope": "https://ai.azure.com/.default",
        }


async def test_service_principal_token_authorizes_a_stream(platforms: Platforms, directory: Entra) -> None:
    pool, row = ClientPool(), foundry(platforms)
    for _ in range(2):
        assert await streamed(pool, row) == EVENTS
        assert_sent(platforms, "entra-token-1")
    await pool.close()
    assert [asked.path for asked in platforms.asked] == ["/anthropic/v1/messages"] * 2
    assert len(directory.asked) == 1, "a token is kept"
    assert_asked_as_principal(directory)


def test_jobs_share_a_service_principals_token(platforms: Platforms, directory: Entra) -> None:
    for _ in range(2):
        message(foundry(platforms))
        assert_sent(platforms, "entra-token-1")
    assert len(directory.asked) == 1, "each job has a client of its own, but asks for no token of its own"
    assert_asked_as_principal(directory)
    message(foundry(platforms, json.dumps(PRINCIPAL | {"client_secret": "another"})))
    assert_sent(platforms, "entra-token-2")


async def test_expired_token_is_renewed(platforms: Platforms, directory: Entra) -> None:
    pool, row = ClientPool(), foundry(platforms)
    directory.lifetime_seconds = 0
    await streamed(pool, row)
    assert_sent(platforms, "entra-token-1")
    directory.lifetime_seconds = 3600
    for _ in range(2):
        await streamed(pool, row)
        assert_sent(platforms, "entra-token-2")
    await pool.close()
    assert len(directory.asked) == 2


async def test_another_secret_is_another_sign_in(platforms: Platforms, directory: Entra) -> None:
    pool, row = ClientPool(), foundry(platforms)
    row.id = ProviderConnection().id
    await streamed(pool, row)
    row.credential = json.dumps(PRINCIPAL | {"client_secret": "another"})
    await streamed(pool, row)
    await pool.close()
    assert [asked.fields["client_secret"] for asked in directory.asked] == ["principals~secret", "another"]
    assert_sent(platforms, "entra-token-2")


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "authentication"), (400, "authentication"), (503, "unavailable")]
)
async def test_refused_secret_is_a_failure_without_details(
    platforms: Platforms, directory: Entra, caplog: pytest.LogCaptureFixture, status: int, kind: str
) -> None:
    directory.status = status
    for error in (await failure_of_turn(foundry(platforms)), failure_of_job(foundry(platforms))):
        assert_failed(error, kind, retryable=kind == "unavailable")
    assert len(directory.asked) == 2, "whether to ask again is not the library's decision"
    assert not platforms.asked
    for word in ("a-private-word", "principals~secret"):
        assert word not in caplog.text


async def test_unreachable_sign_in_is_a_failure(
    platforms: Platforms, directory: Entra, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert_failed(await failure_of_turn(foundry(platforms)), "connection", retryable=True)
    assert_failed(failure_of_job(foundry(platforms)), "connection", retryable=True)
    assert not platforms.asked


async def failure_of_turn(row: ProviderConnection) -> UpstreamError:
    pool = ClientPool()
    with pytest.raises(UpstreamError) as caught:
        await streamed(pool, row)
    await pool.close()
    return caught.value


def failure_of_job(row: ProviderConnection) -> UpstreamError:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the library raises
        message(row)
    return as_upstream_error(caught.value)


def assert_failed(error: UpstreamError, kind: str, *, retryable: bool) -> None:
    assert (error.failure.kind, error.failure.retryable, error.reached) == (kind, retryable, False)
    assert "a-private-word" not in error.failure.message


async def test_machine_identity_is_used_if_chosen(platforms: Platforms, hosted: Entra) -> None:
    pool = ClientPool()
    with pytest.raises(ConnectionUnusable, match="no credential"):
        await streamed(pool, foundry(platforms, ""))
    chosen = foundry(platforms, "", credential_env="ambient")
    assert await streamed(pool, chosen) == EVENTS
    assert_sent(platforms, "entra-token-1")
    await pool.close()
    message(chosen)
    assert_sent(platforms, "entra-token-2")
    for asked in hosted.asked:
        assert (asked.host, asked.path) == ("", "/msi/token")
        assert (asked.fields["resource"], asked.fields["header"]) == ("https://ai.azure.com", HEADER)
        assert "client_id" not in asked.fields


async def test_machine_identity_can_be_selected_by_id(
    platforms: Platforms, hosted: Entra, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    pool, chosen = ClientPool(), foundry(platforms, "", credential_env="ambient")
    await streamed(pool, chosen)
    await pool.close()
    message(chosen)
    assert [asked.fields["client_id"] for asked in hosted.asked] == [CLIENT, CLIENT]


async def test_workload_identity_is_used(
    platforms: Platforms, directory: Entra, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    file = tmp_path / "token"
    file.write_text("a-token-of-the-cluster")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    monkeypatch.setenv("AZURE_TENANT_ID", "a-tenant")
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"https://{HOST}/")
    pool, chosen = ClientPool(), foundry(platforms, "", credential_env="ambient")
    await streamed(pool, chosen)
    await pool.close()
    message(chosen)
    for asked in directory.asked:
        assert (asked.host, asked.path) == (f"{HOST}:443", "/a-tenant/oauth2/v2.0/token")
        assert asked.fields["client_assertion"] == "a-token-of-the-cluster"
    assert_sent(platforms, "entra-token-2")


async def test_missing_machine_identity_is_a_failure(platforms: Platforms, hosted: Entra) -> None:
    hosted.status = 400
    chosen = foundry(platforms, "", credential_env="ambient")
    assert_failed(await failure_of_turn(chosen), "authentication", retryable=False)
    assert_failed(failure_of_job(chosen), "authentication", retryable=False)
    assert not platforms.asked


def test_api_key_makes_no_token_request(platforms: Platforms, directory: Entra) -> None:
    message(foundry(platforms, KEY))
    assert platforms.asked[-1].headers["api-key"] == KEY
    assert not directory.asked


def test_azure_libraries_are_loaded_on_demand() -> None:
    code = (
        "import django, sys; django.setup()\n"
        "from chat.providers.client_factory import make_client\n"
        "from tests.providers.rows import KEY, connection\n"
        "make_client(connection('foundry', KEY), asynchronous=False).close()\n"
        "print({'azure', 'msal'} & set(sys.modules))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "set()\n", done.stderr
