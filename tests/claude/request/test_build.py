from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.cache.breakpoints import CachePlan
from chat.claude.encoding.exact_numbers import exact_json
from chat.claude.request import build as module
from chat.claude.request.build import build_request, continue_text
from chat.claude.request.frame import FrameSpec
from chat.claude.request.transcript import PathMessage, RequestError
from tests.claude.rules import assert_acceptable, breakpoints
from tests.claude.strategies import (
    Event,
    assistant,
    server_call,
    system,
    text,
    thinking,
    tool_result,
    tool_use,
    user,
)

FIVE = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
TOOL = {"name": "look", "input_schema": {"type": "object", "properties": {"b": {}, "a": {}}}}


def block(words: str, cache: Any = None) -> Event:
    return {"type": "text", "text": words, "cache": cache}


def marked(*caches: Any) -> FrameSpec:
    return FrameSpec("m", system=[block(f"s{index}", cache) for index, cache in enumerate(caches)])


def asked(body: Any, policy: str | None = None, *path: Any, max_tokens: int = 2000) -> dict[str, Any]:
    cache = CachePlan(policy, minimum_tokens=0) if policy else None
    request = build_request(
        body, path or [user("hi")], max_tokens=max_tokens, frame_digest="now", cache=cache
    )
    assert_acceptable(request)
    return request


def test_frame_has_a_fixed_order_and_no_empty_parts() -> None:
    spec = FrameSpec(
        model="m",
        output_config={"effort": "low"},
        thinking={"type": "adaptive"},
        system=(block("you are", "1h"), block(" "), block("parley", "5m"), block("end", "none")),
        tools=[TOOL],
    )
    assert exact_json(spec.body()) == (
        '{"model":"m","tools":[{"name":"look","input_schema":{"type":"object","properties":{"b":{},"a":{}}}}],'
        '"system":[{"type":"text","text":"you are","cache_control":{"type":"ephemeral","ttl":"1h"}},'
        '{"type":"text","text":"parley","cache_control":{"type":"ephemeral"}},{"type":"text","text":"end"}],'
        '"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}'
    )
    assert FrameSpec("m").body() == {"model": "m"}
    assert list(asked(spec.body())) == [
        "model",
        "tools",
        "system",
        "thinking",
        "output_config",
        "max_tokens",
        "messages",
    ]


@pytest.mark.parametrize(
    ("caches", "policy", "expected"),
    [
        ((None, None), None, []),
        ((None, None), "none", []),
        (("1h", None), "none", ["1h"]),
        ((None,), "5m", ["5m", "5m"]),
        (("1h", "5m"), "5m", ["1h", "5m", "5m"]),
        (("1h", "1h"), "1h", ["1h", "1h", "1h"]),
        (("5m", "1h"), None, ["5m", "5m"]),
        (("1h", "5m", "1h"), "1h", ["1h", "5m", "5m", "5m"]),
        (("1h", "1h", "5m", "5m"), None, ["1h", "1h", "5m", "5m"]),
        (("1h", "1h", "5m", "5m"), "1h", ["1h", "5m", "5m", "5m"]),
        (("5m", "1h", "1h", "1h", "1h"), None, ["1h", "1h", "1h", "1h"]),
        (("5m", "1h", "1h", "1h"), "1h", ["5m", "5m", "5m", "5m"]),
    ],
)
def test_breakpoints(caches: tuple[Any, ...], policy: str | None, expected: list[str]) -> None:
    assert breakpoints(asked(marked(*caches).body(), policy)) == expected


def test_marks_of_tools_count_and_come_first() -> None:
    spec = FrameSpec("m", tools=[{**TOOL, "cache_control": FIVE}], system=[block("s", "1h")] * 3)
    body = spec.body()
    assert [part["cache_control"] for part in (*body["tools"], *body["system"])] == [FIVE] * 4
    request = asked(body, "5m")
    assert "cache_control" not in request["tools"][0]
    assert body["tools"][0]["cache_control"] == FIVE, "the frame is left alone"


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ([user("a", "b")], (0, 1)),
        ([user("a"), assistant("b"), user("c"), system()], (2, 0)),
        ([user("a"), assistant(thinking(), tool_use()), user(tool_result())], (2, 0)),
        ([user("a", {"type": "novelty"})], (0, 0)),
        ([user("a"), assistant("b"), user({"type": "novelty"})], (0, 0)),
        ([user("a"), assistant(server_call())], (0, 0)),
        ([user({"type": "novelty"})], None),
    ],
)
def test_the_tail_marks_the_last_cacheable_block_of_the_user(
    path: list[Any], at: tuple[int, int] | None
) -> None:
    found = [
        (m, b)
        for m, message in enumerate(asked({"model": "m"}, "1h", *path)["messages"])
        for b, part in enumerate(message["content"])
        if part.get("cache_control") == HOUR
    ]
    assert found == ([at] if at else [])
    assert all("cache_control" not in part for message in path for part in message.content)


@pytest.mark.parametrize(
    ("body", "max_tokens", "words"),
    [
        ({"model": "m", "temperature": 0}, 9, "temperature"),
        ({"model": "m", "top_p": 1}, 9, "top_p"),
        ({"model": "m", "top_k": 1}, 9, "top_k"),
        ({"model": "m", "cache_control": FIVE}, 9, "cache_control"),
        ({"model": ""}, 9, "name its model"),
        ({}, 9, "name its model"),
        ({"model": "m"}, 0, "max_tokens"),
        ({"model": "m", "thinking": {"type": "enabled"}}, 2000, "budget"),
        ({"model": "m", "thinking": {"type": "enabled", "budget_tokens": 1023}}, 2000, "budget"),
        ({"model": "m", "thinking": {"type": "enabled", "budget_tokens": 2000}}, 2000, "budget"),
    ],
)
def test_refused_frames(body: Any, max_tokens: int, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        asked(body, max_tokens=max_tokens)


def test_a_thinking_budget_that_fits() -> None:
    for thinking_config in ({"type": "enabled", "budget_tokens": 1999}, {"type": "adaptive"}):
        assert asked({"model": "m", "thinking": thinking_config})["thinking"] == thinking_config


def document(enabled: Any, kind: str = "document") -> Event:
    citations = {} if enabled is None else {"citations": {"enabled": enabled}}
    return {"type": kind, "source": {"type": "text", "media_type": "text/plain", "data": "x"}, **citations}


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ([user(document(True), document(False))], {}, "every document"),
        ([user(document(True)), assistant("a"), user("b", document(None))], {}, "every document"),
        (
            [user(document(True)), assistant(tool_use()), user(tool_result(content=[document(False)]))],
            {},
            "every document",
        ),
        (
            [user(document(True, "search_result"), document(False, "search_result"))],
            {},
            "every search_result",
        ),
    ],
)
def test_refused_citations(path: list[Any], body: Event, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        asked({"model": "m", **body}, None, *path)


@pytest.mark.parametrize(
    "path",
    [
        [user(document(True), document(True), document(False, "search_result"))],
        [user(document(None), document(False))],
        [user("a"), assistant(tool_use()), user(tool_result(content=[text("x")]))],
    ],
)
def test_accepted_citations(path: list[Any]) -> None:
    asked({"model": "m", "output_config": {"effort": "low"}}, None, *path)


def test_a_format_turns_citations_off() -> None:
    shaped = {"model": "m", "output_config": {"format": {"type": "json_schema"}}}
    results = tool_result(content=[document(True, "search_result")])
    path = [user(document(True), text("a")), assistant(tool_use()), user(results)]
    blocks = [block for message in asked(shaped, None, *path)["messages"] for block in message["content"]]
    inner = [part for block in blocks if block["type"] == "tool_result" for part in block["content"]]
    assert [block["type"] for block in (*blocks, *inner) if "citations" in block] == []
    assert path[0].content[0]["citations"] == {"enabled": True}  # the stored block stays as it is
    assert asked({"model": "m"}, None, *path)["messages"][0]["content"][0]["citations"] == {"enabled": True}


def test_too_many_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGES", 2)
    with pytest.raises(RequestError, match="start a new conversation"):
        asked({"model": "m"}, None, user("a"), assistant("b"), user("c"))


@given(st.text(max_size=2000))
def test_continue_text_quotes_the_end(partial: str) -> None:
    asks = continue_text(partial)
    if partial.strip():
        assert f"<end_of_answer>{partial[-400:]}</end_of_answer>" in asks
    else:
        assert "before its first word" in asks
    assert len(asks) < 1000


def test_a_context_stands_behind_the_last_breakpoint() -> None:
    path = [PathMessage("user", [{"type": "text", "text": "hi"}], context="Today is Monday.")]
    for system_role in (False, True):
        plan = CachePlan("5m", minimum_tokens=0)
        request = build_request(
            {"model": "m"}, path, max_tokens=9, frame_digest="f", cache=plan, system_role=system_role
        )
        blocks = [block for message in request["messages"] for block in message["content"]]
        assert ["cache_control" in block for block in blocks] == [True, False]
