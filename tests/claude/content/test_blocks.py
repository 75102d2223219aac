from typing import Any

import pytest

from chat.claude.content.blocks import (
    KEPT_DELTAS,
    for_replay,
    for_user,
    generated_text,
    is_empty,
    is_server_tool_result,
    not_run,
    pair_results,
    plain_text,
    tool_use_ids,
    unanswered_server_tools,
)
from tests.claude.strategies import (
    Event,
    server_call,
    server_result,
    text,
    thinking,
    tool_result,
    tool_use,
)

CITED = [{"type": "char_location"}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([], ""),
        ([text("a"), text("b")], "a\nb"),
        ([text("It is "), text("green", citations=CITED), text(".")], "It is green."),
        ([text("green", citations=CITED), tool_use(), text("so")], "green\nso"),
        ([thinking(), text("a\x00\ud800")], "a\ufffd\ufffd"),
        ([{"type": "text", "text": None}, {"type": "novelty"}, text("x")], "x"),
    ],
)
def test_plain_text(content: list[Event], expected: str) -> None:
    assert plain_text(content) == expected


@pytest.mark.parametrize(
    ("block", "empty"),
    [
        (text(""), True),
        (text(" \n\t\u00a0"), True),
        ({"type": "text"}, True),
        (text("x"), False),
        (thinking(""), True),
        ({"type": "thinking", "thinking": "", "signature": "s"}, False),
        ({"type": "redacted_thinking", "data": ""}, True),
        ({"type": "redacted_thinking", "data": "d"}, False),
        (tool_result(content=""), False),
        ({"type": "compaction", "content": ""}, True),
        ({"type": "compaction", "content": None}, False),
        ({"type": "novelty", "text": ""}, False),
    ],
)
def test_is_empty(block: Event, empty: bool) -> None:
    assert is_empty(block) is empty


def test_replay_passes_blocks_through_untouched() -> None:
    content = [
        thinking(),
        {"type": "novelty", "b": None, "a": {"z": 1, "y": 2}},
        text("so", citations=CITED),
        {"type": "redacted_thinking", "data": "d"},
        tool_use(),
        server_call(),
        server_result(),
    ]
    replayed = for_replay(content, keep_thinking=True)
    assert all(ours is theirs for ours, theirs in zip(replayed, content, strict=True))
    assert [block["type"] for block in for_replay(content, keep_thinking=False)] == [
        "novelty",
        "text",
        "tool_use",
        "server_tool_use",
        "web_search_tool_result",
    ]


def test_replay_leaves_out_unaccepted_and_own_blocks() -> None:
    content = [
        thinking(""),
        text("  "),
        text("a", cache_control={"type": "ephemeral"}, **{KEPT_DELTAS: [{}]}),
        thinking(),
        {"type": "redacted_thinking", "data": "d"},
    ]
    assert for_replay(content, keep_thinking=True) == [text("a")]
    assert for_replay([thinking()], keep_thinking=True) == []
    assert KEPT_DELTAS in content[2], "the stored block is left alone"


@pytest.mark.parametrize(
    ("block", "sent"),
    [
        (text("a", citations=CITED, cache_control={}), text("a")),
        (tool_result(content=[text(" "), text("x", citations=[])]), tool_result(content=[text("x")])),
        (tool_result(content=[text(" ")]), {"type": "tool_result", "tool_use_id": "toolu_1"}),
        (tool_result(content=" "), {"type": "tool_result", "tool_use_id": "toolu_1"}),
        (
            tool_result(content="", is_error=True),
            tool_result(content="failed without a message", is_error=True),
        ),
        (
            tool_result(content=[], is_error=True),
            tool_result(content="failed without a message", is_error=True),
        ),
        (tool_result(content="no", is_error=True), tool_result(content="no", is_error=True)),
        (
            {"type": "search_result", "source": "s", "title": "t", "content": [text("a", citations=CITED)]},
            {"type": "search_result", "source": "s", "title": "t", "content": [text("a")]},
        ),
        (
            {
                "type": "document",
                "source": {"type": "content", "content": [text(""), text("a")]},
                "citations": {},
            },
            {"type": "document", "source": {"type": "content", "content": [text("a")]}, "citations": {}},
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}},
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}},
        ),
    ],
)
def test_for_user_removes_internal_blocks(block: Event, sent: Event) -> None:
    before = repr(block)
    assert for_user([block, text(" ")]) == [sent]
    assert repr(block) == before


def test_tool_calls_and_their_results() -> None:
    content = [tool_use("b"), server_call(), tool_use("a")]
    assert tool_use_ids(content) == ["b", "a"]
    results = [tool_result("a", 1), tool_result("stranger"), tool_result("a", 2)]
    assert pair_results(["b", "a"], results) == [not_run("b"), tool_result("a", 1)]
    assert not_run("b") == {
        "type": "tool_result",
        "tool_use_id": "b",
        "content": "not run: stopped",
        "is_error": True,
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("web_search_tool_result", True), ("mcp_tool_result", True), ("tool_result", False), (None, False)],
)
def test_is_server_tool_result(kind: Any, expected: bool) -> None:
    assert is_server_tool_result({"type": kind}) is expected


def test_unanswered_server_tools() -> None:
    mcp = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "x", "input": {}}
    content = [server_call("one"), server_result("one"), server_call("two"), mcp, tool_use("three")]
    assert unanswered_server_tools(content) == {"two", "mcptoolu_1"}


def test_generated_text_has_everything_a_model_wrote() -> None:
    written = [
        {"type": "thinking", "thinking": "Hm. "},
        {"type": "text", "text": "Yes."},
        {"type": "tool_use", "input": {"a": 1}},
        {"type": "text", "text": None},
        {"type": "redacted_thinking"},
    ]
    assert generated_text(written) == "Hm. Yes.{'a': 1}"
