"""Every kind of connection over the wire: path, headers, signature, body, streams and failures."""

import json
from typing import NamedTuple

import pytest

from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.stream.fold import Fold, StreamError
from chat.models import LanguageModel
from chat.operations.billing.single_call import call_model
from chat.operations.catalogue.sync import sync_models
from chat.providers.clients import ClientPool, sync_client
from chat.providers.upstream import UpstreamError, UpstreamStream, open_stream
from tests.providers.rows import KEY, KEYS, REQUEST, SERVICES, SETTINGS, connection, credential_of
from tests.support.platforms import DIGITS, EVENTS, GOOGLE_TOKEN, SESSION, Platforms, signature_problem

ROOM = "/v1/projects/a-project/locations/global/workspaces/wrkspc_1/invoke"


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


def assert_signed_in(kind: str, platforms: Platforms) -> None:
    """Check the authentication headers, which contain nothing from the environment."""
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
    assert "of-the-environment" not in json.dumps(asked.headers)
    assert asked.headers.get("anthropic-workspace-id") == ("wrkspc_1" if kind == "aws" else None)


def assert_body(kind: str, platforms: Platforms, model: str, *, stream: bool) -> None:
    body = platforms.asked[-1].body
    in_path = kind in ("bedrock", "vertex")
    assert body.pop("model", None) == (None if in_path else model)
    version = "bedrock-2023-05-31" if kind == "bedrock" else "2026-10-21"  # that model is older than 4.7
    assert body.pop("anthropic_version", None) == (version if in_path else None)
    if kind == "bedrock":
        assert "stream" not in body
    else:
        assert bool(body.pop("stream", False)) == stream
    assert body == REQUEST


@pytest.mark.django_db
@each_wire
def test_message_request_of_each_platform(platforms: Platforms, account: str, wire: Wire) -> None:
    row = connection(wire.kind, credential_of(wire.kind, account), platforms.url + wire.prefix)
    row.save()
    model = LanguageModel.objects.create(connection=row, model_id=wire.model_id, display_name="A model")
    called = call_model(model, REQUEST, purpose="test", door="job")
    assert called.message["content"] == [{"type": "text", "text": "Hello"}]
    assert [asked.path for asked in platforms.asked] == [wire.path]
    assert_signed_in(wire.kind, platforms)
    assert_body(wire.kind, platforms, wire.model_id, stream=False)


@each_wire
async def test_stream_of_each_platform(platforms: Platforms, account: str, wire: Wire) -> None:
    pool = ClientPool()
    row = connection(wire.kind, credential_of(wire.kind, account), platforms.url + wire.prefix)
    request = {"model": wire.model_id, **REQUEST}
    async with pool.lease(row) as client, open_stream(client, request) as stream:
        events = [event async for events in stream.events() for event in events]
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
async def test_numbers_of_each_platform_keep_their_digits(
    platforms: Platforms, account: str, wire: Wire
) -> None:
    pool = ClientPool()
    row = connection(wire.kind, credential_of(wire.kind, account), platforms.url + wire.prefix)
    async with pool.lease(row) as client, open_stream(client, {"model": "digits", **REQUEST}) as stream:
        events = [event async for events in stream.events() for event in events]
    await pool.close()
    fold = Fold()
    for event in events:
        fold.apply(event)
    assert exact_json(fold.message["content"][1]["depth"]) == DIGITS


@each_wire
async def test_failures_of_each_platform(platforms: Platforms, account: str, wire: Wire) -> None:
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
            *whole, last = [event async for events in stream.events() for event in events]
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
        async for events in stream.events():
            seen.extend(events)  # what came before has to be there

    row = connection("bedrock", KEYS, platforms.url)
    async with pool.lease(row) as client, open_stream(client, {"model": "garbled", **REQUEST}) as stream:
        with pytest.raises(UpstreamError) as caught:
            await read(stream)
    await pool.close()
    assert seen == EVENTS[:-1]
    assert (caught.value.failure.kind, caught.value.failure.request_id) == ("protocol", "amzn-1")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["aws", "google_cloud"])
def test_models_endpoint_of_each_platform(platforms: Platforms, account: str, kind: str) -> None:
    prefix = ROOM if kind == "google_cloud" else ""
    row = connection(kind, credential_of(kind, account), platforms.url + prefix)
    row.save()
    assert sync_models(row).problem == ""
    assert [asked.path for asked in platforms.asked] == [f"{prefix}/v1/models"]
    assert_signed_in(kind, platforms)


@pytest.mark.parametrize("kind", ["aws", "bedrock", "bedrock_mantle"])
def test_amazon_accepts_an_api_key(platforms: Platforms, kind: str) -> None:
    with sync_client(connection(kind, KEY, platforms.url)) as client:
        client.messages.create(model="anthropic.claude-opus-5", **REQUEST)
    assert platforms.asked[-1].headers["authorization"] == f"Bearer {KEY}"
    assert "of-the-environment" not in json.dumps(platforms.asked[-1].headers)


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
        assert [event async for events in stream.events() for event in events] == EVENTS
    await pool.close()
    asked = platforms.asked[-1]
    assert asked.body["anthropic_version"] == version
    assert signature_problem(asked, platforms.url, service="bedrock", region="us-west-2") == ""
