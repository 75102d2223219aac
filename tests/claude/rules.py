"""The API's rules for a request, written independently of the code under test."""

import json
from typing import Any

SERVER_CALLS = ("server_tool_use", "mcp_tool_use")


def assert_acceptable(request: dict[str, Any]) -> None:
    """Fail with the rule that the request violates."""
    json.dumps(request, allow_nan=False).encode()
    messages = request["messages"]
    assert messages[0]["role"] == "user"
    for at, message in enumerate(messages):
        assert message["role"] in ("user", "assistant", "system")
        assert message["content"], "empty message"
        before = messages[at - 1] if at else None
        after = messages[at + 1] if at + 1 < len(messages) else None
        _check_blocks(message)
        match message["role"]:
            case "assistant":
                _check_assistant(message["content"], after)
            case "user":
                _check_results(message["content"], before)
            case "system":
                _check_system(before, after)
    _check_breakpoints(request)


def _check_blocks(message: dict[str, Any]) -> None:
    for block in message["content"]:
        assert "parley_deltas" not in block
        if block["type"] == "text":
            assert block["text"].strip(), "blank text"
            assert message["role"] == "assistant" or not block.get("citations"), "citations of a user"
        if block["type"] == "thinking":
            assert block["signature"], "unsigned thinking"
        if block["type"] in ("thinking", "redacted_thinking"):
            assert message["role"] == "assistant"
            assert "cache_control" not in block


def _check_assistant(content: list[dict[str, Any]], after: dict[str, Any] | None) -> None:
    assert content[-1]["type"] not in ("thinking", "redacted_thinking"), "ends with thinking"
    assert not any(block["type"] in ("document", "tool_result") for block in content)
    calls = [block["id"] for block in content if block["type"] == "tool_use"]
    answered = {block["tool_use_id"] for block in content if block["type"].endswith("_tool_result")}
    waiting = [block for block in content if block["type"] in SERVER_CALLS and block["id"] not in answered]
    if after is None:
        assert content[-1]["type"] in SERVER_CALLS or content[-1]["type"].endswith("_tool_result"), "prefill"
    elif calls:
        assert after["role"] == "user", "a tool call without results"
    if after is not None and waiting:
        assert after["role"] == "user"
        assert all(block["type"] == "tool_result" for block in after["content"]), "waiting server tool"


def _check_results(content: list[dict[str, Any]], before: dict[str, Any] | None) -> None:
    calls = [block["id"] for block in (before or {}).get("content", []) if block["type"] == "tool_use"]
    results = [block["tool_use_id"] for block in content if block["type"] == "tool_result"]
    assert sorted(results) == sorted(calls), "results do not match the calls"
    assert [block["type"] for block in content[: len(results)]] == ["tool_result"] * len(results), (
        "results first"
    )
    for block in content[: len(results)]:
        assert not block.get("is_error") or block.get("content"), "a silent error"


def _check_system(before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    assert before is not None
    assert before["role"] in ("user", "system") or before["content"][-1]["type"].endswith("_tool_result")
    assert after is None or after["role"] in ("assistant", "system")


def breakpoints(request: dict[str, Any]) -> list[str]:
    """Return the lifetimes of all cache breakpoints in prefix order."""
    blocks = [*request.get("tools", []), *request.get("system", [])]
    for message in request["messages"]:
        for block in message["content"]:
            blocks.append(block)
            if isinstance(block.get("content"), list):
                blocks += block["content"]
    return [block["cache_control"].get("ttl", "5m") for block in blocks if block.get("cache_control")]


def _check_breakpoints(request: dict[str, Any]) -> None:
    marks = breakpoints(request)
    assert len(marks) <= 4
    assert marks == sorted(marks), "1h after 5m"
