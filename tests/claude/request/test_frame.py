"""Frames: their digest, and what the API would refuse in one."""

import json
from typing import Any

import pytest

from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.request.frame import FrameSpec, frame_digest
from chat.claude.request.transcript import RequestError

TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {"b": {}, "a": {}}}}


def with_marks(*caches: Any) -> FrameSpec:
    """Return a frame whose system blocks have these cache marks."""
    return FrameSpec("m", system=[{"type": "text", "text": "s", "cache": cache} for cache in caches])


def test_the_digest_is_that_of_the_exact_json() -> None:
    spec = with_marks("5m")
    assert spec.digest() == frame_digest(spec.body()) == frame_digest(json.loads(exact_json(spec.body())))
    assert frame_digest({"model": "m"}) == "548f58d1c36c715b44f0863472074a97c448d5b8d18164b92adf55592b127f86"
    other = [{**TOOL, "input_schema": {"type": "object", "properties": {"a": {}, "b": {}}}}]
    assert FrameSpec("m", tools=[TOOL]).digest() != FrameSpec("m", tools=other).digest()


@pytest.mark.parametrize("cache", ["2h", "", 5, {}])
def test_unknown_lifetimes(cache: Any) -> None:
    with pytest.raises(RequestError, match="5m"):
        with_marks(cache).body()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a b"], "must be 1 to 64"),
        (["x" * 65], "must be 1 to 64"),
        ([""], "must be 1 to 64"),
        (["a", "a"], "same name"),
    ],
)
def test_refused_tools(names: list[str], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        FrameSpec("m", tools=[{**TOOL, "name": name} for name in names]).body()


def test_tools_without_a_name_pass() -> None:
    toolset = {"type": "mcp_toolset", "mcp_server_name": "x"}
    assert FrameSpec("m", tools=[toolset, toolset]).body()["tools"] == [toolset, toolset]
