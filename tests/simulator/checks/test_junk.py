"""Any request gets a success or a 4xx, never an internal error."""

import copy
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.simulator.app import create_app
from tests.simulator.asking import BOUND, TOOL
from tests.support.examples import many

APP = create_app(pace=0)
CLOSED = {"additionalProperties": False, "properties": {"a": {"anyOf": [{"type": "null"}]}}}
JUNK = [
    None,
    True,
    0,
    -1,
    1.5,
    10**18,
    "",
    " ",
    "text",
    [],
    [[]],
    [None],
    {},
    {"type": None},
    {"type": "text"},
    {"type": []},
]
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
SHAPE = {**TOOL["input_schema"], "additionalProperties": False, "allOf": [{"type": "object", **CLOSED}]}
WHOLE: dict[str, Any] = {
    "model": "claude-opus-5",
    "max_tokens": 300,
    "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "tools": [TOOL, {"type": "web_search_20250305", "name": "web_search"}],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": False},
    "thinking": {"type": "adaptive", "display": "summarized"},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SHAPE}},
    "metadata": {"user_id": "u"},
    "stop_sequences": ["END"],
    "cache_control": {"type": "ephemeral"},
    "diagnostics": {"previous_message_id": None},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "[[scenario:echo tokens=5]] hello"},
                IMAGE,
                {
                    "type": "document",
                    "source": {"type": "content", "content": [{"type": "text", "text": "x"}]},
                },
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                    "citations": {"enabled": False},
                },
                {
                    "type": "search_result",
                    "source": "s",
                    "title": "t",
                    "content": [{"type": "text", "text": "x"}],
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"a": [1]}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": [{"type": "text", "text": "x"}, IMAGE],
                },
                {"type": "text", "text": "and?"},
            ],
        },
    ],
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all members of nested JSON."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, part in pairs for found in [(*path, key), *places(part, (*path, key))]]


async def status_of(body: Any, path: str = "/v1/messages") -> int:
    statuses = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": orjson.dumps(body), "more_body": False}

    async def send(message: Any) -> None:
        statuses.append(message.get("status"))

    headers = [(b"x-api-key", b"k"), (b"anthropic-version", b"2023-06-01")]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    await APP(scope, receive, send)
    return int(statuses[0])


async def test_the_whole_request_is_accepted():
    assert await status_of(WHOLE) == 200


@settings(max_examples=many(600), derandomize=True)
@given(place=st.sampled_from(places(WHOLE)), junk=st.sampled_from(JUNK))
async def test_one_wrong_value_is_never_an_internal_error(place: tuple[Any, ...], junk: Any):
    body = copy.deepcopy(WHOLE)
    *parents, last = place
    target = body
    for key in parents:
        target = target[key]
    target[last] = junk
    assert await status_of(body) < 500


async def test_a_bound_model_reads_junk_signatures():
    blocks = [
        {"type": "thinking", "thinking": "x", "signature": s} for s in ("", "UzE6OjE6", "UzE6YTphOmE=", "ü")
    ]
    for block in blocks:
        messages = [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": [block]},
            {"role": "user", "content": "y"},
        ]
        assert await status_of({"model": BOUND, "max_tokens": 9, "messages": messages}) == 400
