"""Identity and address of a client come only from the connection, whatever the environment contains."""

import json
from pathlib import Path
from typing import Any

import pytest

from chat.models import ProviderConnection
from chat.models.catalogue.platforms import PLATFORMS
from chat.providers.client_factory import make_client
from chat.providers.clients import ClientPool, ConnectionUnusable, sync_client
from chat.providers.upstream import UpstreamError, open_stream
from tests.providers.conftest import VARIABLES
from tests.providers.rows import KEY, KEYS, REQUEST, SERVICES, SETTINGS, connection, credential_of
from tests.support.platforms import ACCESS, GOOGLE_TOKEN, SECRET, Platforms, signature_problem


def test_profile_variables_are_ignored(platforms: Platforms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "stray")
    with sync_client(connection("bedrock", KEYS, platforms.url)) as client:
        client.messages.create(model="anthropic.claude-opus-5", **REQUEST)
    assert signature_problem(platforms.asked[-1], platforms.url, service="bedrock", region="us-west-2") == ""


@pytest.mark.parametrize("kind", SETTINGS)
def test_address_variables_are_ignored(
    kind: str, account: str, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = connection(kind, credential_of(kind, account))
    if kind == "compatible":
        assert "base URL" in row.problem()
        return
    with sync_client(row) as ours:
        address = str(ours.base_url)
    for name in VARIABLES:
        monkeypatch.delenv(name)
    for region in {"vertex": ("us-east5", "global", "us", "eu")}.get(kind, (row.region,)):
        row.region = region
        with sync_client(row) as ours, default_of(row) as theirs:
            assert str(ours.base_url) == str(theirs.base_url)
            if region == SETTINGS[kind].get("region", ""):
                assert str(ours.base_url) == address


def default_of(row: ProviderConnection) -> Any:
    """The client that the SDK creates without an address."""
    import anthropic

    own = {
        "anthropic": {"api_key": KEY},
        "aws": {"api_key": KEY, "aws_region": row.region, "workspace_id": row.workspace},
        "bedrock": {"api_key": KEY, "aws_region": row.region},
        "bedrock_mantle": {"api_key": KEY, "aws_region": row.region},
        "vertex": {"access_token": KEY, "region": row.region, "project_id": row.project},
        "google_cloud": {"token_provider": str, "project": row.project, "workspace_id": row.workspace},
        "foundry": {"api_key": KEY, "resource": row.resource},
    }[row.kind]
    return getattr(anthropic, PLATFORMS[row.kind].sdk_class)(**own)


@pytest.mark.parametrize("kind", SERVICES)
def test_aws_machine_identity_is_used_if_chosen(
    platforms: Platforms, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "ANTHROPIC_AWS_API_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with (
        pytest.raises(ConnectionUnusable, match="no credential"),
        sync_client(connection(kind, "", platforms.url)),
    ):
        pass
    assert not platforms.asked
    with sync_client(connection(kind, "", platforms.url, credential_env="ambient")) as client:
        client.messages.create(model="anthropic.claude-opus-5", **REQUEST)
    region = SETTINGS[kind]["region"]
    assert signature_problem(platforms.asked[-1], platforms.url, service=SERVICES[kind], region=region) == ""


@pytest.mark.parametrize("kind", ["vertex", "google_cloud"])
async def test_google_machine_identity_is_used_if_chosen(
    platforms: Platforms, kind: str, account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "account.json"
    file.write_text(account)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    pool = ClientPool()
    with pytest.raises(ConnectionUnusable, match="no credential"):
        async with pool.lease(connection(kind, "", platforms.url)):
            pass
    assert not platforms.tokens
    chosen = connection(kind, "", platforms.url, credential_env="ambient")
    async with pool.lease(chosen) as client, open_stream(client, {"model": "m", **REQUEST}):
        pass
    await pool.close()
    assert platforms.asked[-1].headers["authorization"] == f"Bearer {GOOGLE_TOKEN}"


async def test_missing_identity_is_a_failure(
    platforms: Platforms, account: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    platforms.token_status = 400
    pool = ClientPool()
    gone = json.dumps(json.loads(account) | {"token_uri": "http://127.0.0.1:9/token"})
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
    ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    for row, expected in (
        (connection("vertex", account, platforms.url), "authentication"),
        (connection("google_cloud", account, platforms.url), "authentication"),
        (connection("google_cloud", gone, platforms.url, name="gone"), "connection"),
        (connection("vertex", "", platforms.url, credential_env="ambient"), "authentication"),
        (connection("bedrock", "", platforms.url, credential_env="ambient"), "authentication"),
    ):
        async with pool.lease(row) as client:
            with pytest.raises(UpstreamError) as caught:
                async with open_stream(client, {"model": "m", **REQUEST}):
                    pass
        assert (caught.value.failure.kind, caught.value.reached) == (expected, False), row.name
        assert "private-word" not in caught.value.failure.message
    await pool.close()
    assert not platforms.asked
    assert "private-word" not in caplog.text


def test_no_secret_is_in_a_repr(account: str) -> None:
    for kind in ("aws", "vertex", "foundry"):
        credential = connection(kind, credential_of(kind, account)).read_credential()
        assert repr(credential).endswith("()")


def test_unreadable_private_key_is_reported_without_it(account: str) -> None:
    broken = json.dumps(json.loads(account) | {"private_key": "-----BEGIN half-a-key"})
    row = connection("vertex", broken)
    with pytest.raises(ConnectionUnusable) as caught, sync_client(row):
        pass
    assert "half-a-key" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_every_kind_has_its_client() -> None:
    assert set(PLATFORMS) == set(ProviderConnection.Kind.values)
    for kind in SETTINGS:
        if kind not in ("vertex", "google_cloud"):
            make_client(connection(kind, KEY, "http://127.0.0.1:9"), asynchronous=False).close()
