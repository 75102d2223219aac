"""Reads, sets and removes the cache breakpoints of a request, and estimates the tokens that they cover.

A request has at most four breakpoints, and one-hour ones must come before five-minute ones (the provider's
prompt-caching page). Arguments are never changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chat.claude.billing.pricing import estimate_tokens
from chat.claude.content.blocks import Block, without

MAX_BREAKPOINTS = 4
PICTURE_TOKENS = 1_600
CACHE_CONTROL: dict[str, dict[str, str]] = {
    "5m": {"type": "ephemeral"},
    "1h": {"type": "ephemeral", "ttl": "1h"},
}
# What a frame holds, in prefix order. Documents of a project become the beginning of the first message.
STATIC_PARTS = ("tools", "system", "documents")


def limit_breakpoints(body: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Return `body` with only the last `limit` breakpoints of tools, system and documents.

    A one-hour breakpoint that follows a five-minute one is lowered to five minutes.
    """
    surplus = len(blocks_with_breakpoints(body)) - limit
    seen_5m = False
    result = dict(body)
    for part in STATIC_PARTS:
        if part not in body:
            continue
        result[part] = blocks = []
        for block in body[part]:
            if block.get("cache_control"):
                # The first breakpoints are removed: a later one covers a longer prefix.
                if surplus > 0:
                    block = without(block, "cache_control")
                    surplus -= 1
                elif seen_5m and lifetime_of(block) == "1h":
                    block = {**block, "cache_control": dict(CACHE_CONTROL["5m"])}
                else:
                    seen_5m = lifetime_of(block) == "5m"
            blocks.append(block)
    return result


def blocks_with_breakpoints(body: Mapping[str, Any]) -> list[Block]:
    """Return the tools, system blocks and documents that carry a breakpoint, in prefix order."""
    return [block for part in STATIC_PARTS for block in body.get(part, ()) if block.get("cache_control")]


def lifetime_of(block: Block) -> str:
    """Return the lifetime of the entry at a block with a breakpoint: "5m" or "1h"."""
    return "1h" if block["cache_control"].get("ttl") == "1h" else "5m"


def block_tokens(block: Mapping[str, Any]) -> int:
    """Return an estimate of the tokens of a content block, tool or system block.

    It only decides where breakpoints go; nothing is billed by it.
    """
    kind, source = block.get("type"), block.get("source")
    if kind == "image":
        return PICTURE_TOKENS
    if kind == "document" and isinstance(source, Mapping) and source.get("type") == "base64":
        return max(PICTURE_TOKENS, len(str(source.get("data"))) // 40)
    if kind == "document" and isinstance(source, Mapping) and source.get("type") == "text":
        return estimate_tokens(str(source.get("data")))
    if kind == "text":
        return estimate_tokens(str(block.get("text")))
    if kind == "tool_result" and isinstance(block.get("content"), list):
        return 8 + sum(block_tokens(part) for part in block["content"])
    return estimate_tokens(str({key: value for key, value in block.items() if key != "cache_control"}))


def estimate_static_tokens(body: Mapping[str, Any]) -> int:
    """Return an estimate of the tokens of tools, system and documents."""
    return sum(block_tokens(block) for part in STATIC_PARTS for block in body.get(part, ()))


def without_short_breakpoints(body: Mapping[str, Any], static_tokens: int, minimum: int) -> dict[str, Any]:
    """Return `body` without the breakpoints of staff whose prefix is below the model's minimum."""
    scale = static_tokens / max(1, estimate_static_tokens(body))
    result, tokens = dict(body), 0.0
    for part in STATIC_PARTS:
        if part in body:
            result[part] = blocks = []
            for block in body[part]:
                tokens += scale * block_tokens(block)
                # Half a token of tolerance: rounding in the estimate must not cost a cached prefix.
                blocks.append(without(block, "cache_control") if tokens + 0.5 < minimum else block)
    return result


def with_static_breakpoints(body: Mapping[str, Any], lifetime: str, minimum: int) -> dict[str, Any]:
    """Return `body` with breakpoints at the ends of tools and of system.

    Together they reach the minimum; the tools alone are marked only if they do too.
    """
    result = dict(body)
    tools, system = body.get("tools", ()), body.get("system", ())
    if system:
        result["system"] = _with_last_breakpoint(system, lifetime)
    if tools and (not system or sum(map(block_tokens, tools)) >= minimum):
        result["tools"] = _with_last_breakpoint(tools, lifetime)
    return result


def _with_last_breakpoint(blocks: Sequence[Block], lifetime: str) -> list[Block]:
    return [*blocks[:-1], {**blocks[-1], "cache_control": dict(CACHE_CONTROL[lifetime])}]


def with_message_breakpoints(
    messages: Sequence[dict[str, Any]], breakpoints: Mapping[tuple[int, int], str]
) -> list[dict[str, Any]]:
    """Return `messages` with breakpoints at {(message, block): lifetime}."""
    result = list(messages)
    for (at, index), lifetime in breakpoints.items():
        content = list(result[at]["content"])
        content[index] = {**content[index], "cache_control": dict(CACHE_CONTROL[lifetime])}
        result[at] = {**result[at], "content": content}
    return result


def has_breakpoints(request: Mapping[str, Any]) -> bool:
    """Return whether a request carries any breakpoint, of staff or of Parley."""
    return without_breakpoints(request) != request


def without_breakpoints(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request without breakpoints, for servers that refuse them."""
    result = without(dict(request), "cache_control")
    for part in STATIC_PARTS:
        if part in result:
            result[part] = _unmarked(result[part])
    if "messages" in result:
        result["messages"] = [
            {**message, "content": _unmarked(message["content"])} for message in result["messages"]
        ]
    return result


def _unmarked(content: Any) -> Any:
    """Return blocks, and the blocks within them, without breakpoints; text is returned as it is."""
    if not isinstance(content, list):
        return content
    return [
        {
            key: _unmarked(value) if key == "content" else value
            for key, value in block.items()
            if key != "cache_control"
        }
        for block in content
    ]
