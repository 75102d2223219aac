"""Every kind of connection over the wire: path, headers, signature, body, streams, failures and strange machines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from anthropic.lib.aws._auth import _get_session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chat.claude.stream import Fold, StreamError
from chat.models import LanguageModel, ProviderConnection
from chat.models.platforms import PLATFORMS
from chat.operations.calls import call_model
from chat.operations.model_sync import sync_models
from chat.providers.clients import ClientPool, ConnectionUnusable, sync_client
from chat.providers.making import make_client
from chat.providers.upstream import UpstreamError, UpstreamStream, open_stream
from tests.support.platforms import (
    ACCESS,
    EVENTS,
    GOOGLE_TOKEN,
    SECRET,
    SESSION,
    Platforms,
    signature_problem,
)

KEY = "key-of-this-platform"
KEYS = json.dumps({"access_key_id": ACCESS, "secret_access_key": SECRET, "session_token": SESSION})
REQUEST: dict[str, Any] = {"max_tokens": 50, "messages": [{"role": "user", "content": "안녕?"}]}
ROOM = "/v1/projects/a-project/locations/global/workspaces/wrkspc_1/invoke"
SETTINGS: dict[str, dict[str, Any]] = {
    "anthropic": {},
    "compatible": {},
    "aws": {"region": "us-east-1", "workspace": "wrkspc_1"},
    "bedrock": {"region": "us-west-2"},
    "bedrock_mantle": {"region": "eu-west-1"},
    "vertex": {"region": "us-east5", "project": "a-project"},
    "google_cloud": {"project": "a-project", "workspace": "wrkspc_1"},
    "foundry": {"resource": "a-resource"},
}


class Wire(NamedTuple):
    """What a kind calls a model, where its address begins, and the paths of a message and of a stream."""

    kind: str
    model_id: str
    prefix: str
    path: str
    stream_path: str


MESSAGES = "/v1/messages"
HAIKU = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
GARDEN = "/v1/projects/a-project/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001"
WIRES = [
    Wire("anthropic", "claude-opus-5", "", MESSAGES, MESSAGES),
    Wire("compatible", "claude-opus-5", "/proxy", f"/proxy{MESSAGES}", f"/proxy{MESSAGES}"),
    Wire("aws", "claude-opus-5", "", MESSAGES, MESSAGES),
    Wire("bedrock", HAIKU, "", f"/model/{HAIKU}/invoke", f"/model/{HAIKU}/invoke-with-response-stream"),
    Wire(
        "bedrock_mantle",
        "anthropic.claude-opus-5",
        "/anthropic",
        f"/anthropic{MESSAGES}",
        f"/anthropic{MESSAGES}",
    ),
    Wire("vertex", "claude-haiku-4-5@20251001", "/v1", f"{GARDEN}:rawPredict", f"{GARDEN}:streamRawPredict"),
    Wire("google_cloud", "claude-opus-5", ROOM, f"{ROOM}{MESSAGES}", f"{ROOM}{MESSAGES}"),
    Wire("foundry", "claude-opus-5", "/anthropic", f"/anthropic{MESSAGES}", f"/anthropic{MESSAGES}"),
]
each_wire = pytest.mark.parametrize("wire", WIRES, ids=[wire.kind for wire in WIRES])
SERVICES = {"aws": "aws-external-anthropic", "bedrock": "bedrock", "bedrock_mantle": "bedrock-mantle"}
VARIABLES = {
    "ANTHROPIC_API_KEY": "sk-ant-of-somebody-else",
    "ANTHROPIC_AWS_API_KEY": "aws-of-somebody-else",
    "ANTHROPIC_FOUNDRY_API_KEY": "foundry-of-somebody-else",
    "ANTHROPIC_FOUNDRY_RESOURCE": "somewhere",
    "ANTHROPIC_PROFILE": "stray",
    "AWS_BEARER_TOKEN_BEDROCK": "bearer-of-somebody-else",
    "AWS_ACCESS_KEY_ID": "AKIASOMEBODYELSE0000",
    "AWS_SECRET_ACCESS_KEY": "secret-of-somebody-else",
    "AWS_SESSION_TOKEN": "session-of-somebody-else",
    "AWS_REGION": "ap-south-1",
    "CLOUD_ML_REGION": "asia-east1",
    "GOOGLE_CLOUD_PROJECT": "project-of-somebody-else",
    **{
        f"ANTHROPIC_{name}BASE_URL": "http://127.0.0.1:9/elsewhere"
        for name in ("", "AWS_", "BEDROCK_", "BEDROCK_MANTLE_", "VERTEX_", "GOOGLE_CLOUD_", "FOUNDRY_")
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[Platforms]:
    with Platforms() as running:
        yield running


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.fixture
def platforms(server: Platforms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Platforms:
    """The server, on a machine full of settings and credentials of somebody else."""
    server.forget()
    _get_session.cache_clear()  # the SDK keeps what it found on the machine as long as the process lives
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    profile = tmp_path / "credentials"
    keys = "aws_access_key_id = AKIAPROFILE\naws_secret_access_key = of-a-profile\n"
    profile.write_text(f"[default]\n{keys}[stray]\n{keys}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    return server


@pytest.fixture
def account(server: Platforms, private_key: str) -> str:
    info = {
        "type": "service_account",
        "client_email": "parley@a-project.iam.gserviceaccount.com",
        "private_key": private_key,
        "private_key_id": "1",
        "token_uri": f"{server.url}/token",
    }
    return json.dumps(info)


def connection(kind: str, credential: str, base_url: str = "", **fields: Any) -> ProviderConnection:
    settings = dict(SETTINGS[kind])
    if kind == "foundry" and base_url:
        settings.pop("resource")
    return ProviderConnection(
        **{"name": kind, "kind": kind, "base_url": base_url, "credential": credential, **settings, **fields}
    )


def credential_of(kind: str, account: str) -> str:
    if kind in SERVICES:
        return KEYS
    return account if kind in ("vertex", "google_cloud") else KEY


def assert_signed_in(kind: str, platforms: Platforms) -> None:
    """What proves who asks, and nothing of somebody else's."""
    asked = platforms.asked[-1]
    if kind in SERVICES:
        region = SETTINGS[kind]["region"]
        assert signature_problem(asked, platforms.url, service=SERVICES[kind], region=region) == ""
        assert asked.headers["x-amz-security-token"] == SESSION
    elif kind == "foundry":
        assert (asked.headers["x-api-key"], asked.headers["api-key"]) == (KEY, KEY)
        assert "authorization" not in asked.headers
    elif kind in ("vertex", "google_cloud"):
        assert asked.headers["authorization"] == f"Bearer {GOOGLE_TOKEN}"
        assert platforms.tokens[-1]["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    else:
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        assert "x-api-key" not in asked.headers
    assert "somebody" not in json.dumps(asked.headers)
    assert asked.headers.get("anthropic-workspace-id") == ("wrkspc_1" if kind == "aws" else None)


def assert_body(kind: str, platforms: Platforms, model: str, *, stream: bool) -> None:
    body = platforms.asked[-1].body
    in_path = kind in ("bedrock", "vertex")
    assert body.pop("model", None) == (None if in_path else model)
    version = "bedrock-2023-05-31" if kind == "bedrock" else "2026-10-21"  # the model there is of before 4.7
    assert body.pop("anthropic_version", None) == (version if in_path else None)
    if kind == "bedrock":
        assert "stream" not in body
    else:
        assert bool(body.pop("stream", False)) == stream
    assert body == REQUEST


@pytest.mark.django_db
@each_wire
def test_a_message(platforms: Platforms, account: str, wire: Wire) -> None:
    row = connection(wire.kind, credential_of(wire.kind, account), platforms.url + wire.prefix)
    row.save()
    model = LanguageModel.objects.create(connection=row, model_id=wire.model_id, display_name="A model")
    called = call_model(model, REQUEST, purpose="test", door="job")
    assert called.message["content"] == [{"type": "text", "text": "Hello"}]
    assert [asked.path for asked in platforms.asked] == [wire.path]
    assert_signed_in(wire.kind, platforms)
    assert_body(wire.kind, platforms, wire.model_id, stream=False)


@each_wire
async def test_a_stream(platforms: Platforms, account: str, wire: Wire) -> None:
    pool = ClientPool()
    row = connection(wire.kind, credential_of(wire.kind, account), platforms.url + wire.prefix)
    request = {"model": wire.model_id, **REQUEST}
    async with pool.lease(row) as client, open_stream(client, request) as stream:
        events = [event async for event in stream.events()]
    await pool.close()
    assert [json.dumps(event) for event in events] == [json.dumps(event) for event in EVENTS], (
        "not one field is lost or moved"
    )
    fold = Fold()
    for event in events:
        fold.apply(event)
    assert fold.ended
    assert fold.message["content"][0]["text"] == "Héllo 안녕"
    assert fold.message["content"][1] == {"type": "hologram", "depth": 1.5, "beam": None}
    assert stream.request_id == ("amzn-1" if wire.kind == "bedrock" else "req_1")
    assert [asked.path for asked in platforms.asked] == [wire.stream_path]
    assert_signed_in(wire.kind, platforms)
    assert_body(wire.kind, platforms, wire.model_id, stream=True)


@each_wire
async def test_failures(platforms: Platforms, account: str, wire: Wire) -> None:
    pool = ClientPool()
    bedrock = wire.kind == "bedrock"
    row = connection(wire.kind, credential_of(wire.kind, account), platforms.url + wire.prefix)
    async with pool.lease(row) as client:
        for word, expected in (
            ("throttled", "rate_limited"),
            ("forbidden", "authentication" if bedrock else "permission"),
        ):
            with pytest.raises(UpstreamError) as caught:
                async with open_stream(client, {"model": word, **REQUEST}):
                    pass
            assert (caught.value.failure.kind, caught.value.reached) == (expected, True)
            assert caught.value.failure.request_id == ("amzn-1" if bedrock else "req_1")
        async with open_stream(client, {"model": "breaks", **REQUEST}) as stream:
            *whole, last = [event async for event in stream.events()]
    await pool.close()
    fold = Fold()
    for event in whole:
        fold.apply(event)
    with pytest.raises(StreamError) as broken:
        fold.apply(last)
    assert broken.value.failure.kind == ("rate_limited" if bedrock else "overloaded")
    assert fold.message["content"][0]["text"] == "Héllo 안녕"


async def test_a_frame_with_a_wrong_checksum_is_a_broken_stream(platforms: Platforms) -> None:
    pool, seen = ClientPool(), []

    async def read(stream: UpstreamStream) -> None:
        async for event in stream.events():
            seen.append(event)  # noqa: PERF401 - what came before has to be there

    row = connection("bedrock", KEYS, platforms.url)
    async with pool.lease(row) as client, open_stream(client, {"model": "garbled", **REQUEST}) as stream:
        with pytest.raises(UpstreamError) as caught:
            await read(stream)
    await pool.close()
    assert seen == EVENTS[:-1]
    assert (caught.value.failure.kind, caught.value.failure.request_id) == ("protocol", "amzn-1")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["aws", "google_cloud"])
def test_the_list_of_models_where_there_is_one(platforms: Platforms, account: str, kind: str) -> None:
    prefix = ROOM if kind == "google_cloud" else ""
    row = connection(kind, credential_of(kind, account), platforms.url + prefix)
    row.save()
    assert sync_models(row).problem == ""
    assert [asked.path for asked in platforms.asked] == [f"{prefix}/v1/models"]
    assert_signed_in(kind, platforms)


def test_the_profile_that_a_variable_names_is_not_used(
    platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "stray")
    with sync_client(connection("bedrock", KEYS, platforms.url)) as client:
        client.messages.create(model="anthropic.claude-opus-5", **REQUEST)
    assert signature_problem(platforms.asked[-1], platforms.url, service="bedrock", region="us-west-2") == ""


@pytest.mark.parametrize("kind", ["aws", "bedrock", "bedrock_mantle"])
def test_an_api_key_on_amazon(platforms: Platforms, kind: str) -> None:
    with sync_client(connection(kind, KEY, platforms.url)) as client:
        client.messages.create(model="anthropic.claude-opus-5", **REQUEST)
    assert platforms.asked[-1].headers["authorization"] == f"Bearer {KEY}"
    assert "somebody" not in json.dumps(platforms.asked[-1].headers)


@pytest.mark.parametrize(
    ("model_id", "version"),
    [
        ("global.anthropic.claude-opus-4-6-v1", "bedrock-2023-05-31"),
        ("anthropic.claude-sonnet-4-6", "bedrock-2023-05-31"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "bedrock-2023-05-31"),
        ("anthropic.claude-opus-4-7", "2026-10-21"),
        ("global.anthropic.claude-opus-5", "2026-10-21"),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", "2026-10-21"),
    ],
)
async def test_bedrock_takes_the_version_that_the_model_knows(
    platforms: Platforms, model_id: str, version: str
) -> None:
    pool = ClientPool()
    row = connection("bedrock", KEYS, platforms.url)
    async with pool.lease(row) as client, open_stream(client, {"model": model_id, **REQUEST}) as stream:
        assert [event async for event in stream.events()] == EVENTS
    await pool.close()
    asked = platforms.asked[-1]
    assert asked.body["anthropic_version"] == version
    assert signature_problem(asked, platforms.url, service="bedrock", region="us-west-2") == ""


@pytest.mark.parametrize("kind", SETTINGS)
def test_the_address_is_the_sdks_own_and_never_the_environments(
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
    """The client that the SDK makes when nobody says where."""
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
def test_the_machines_identity_on_amazon_is_used_when_it_was_chosen(
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
async def test_the_machines_identity_on_google_is_used_when_it_was_chosen(
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


async def test_no_identity_is_a_failure_of_its_own(
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


def test_a_private_key_that_cannot_be_read_says_so_without_it(account: str) -> None:
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
