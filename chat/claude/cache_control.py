"""Cache marks as they stand in a request: reading, setting and removing them, and guessing what they cover.

At most four of them; one hour before five minutes; nothing given is changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chat.claude.blocks import Block, without
from chat.claude.pricing import estimate_tokens

MAX_BREAKPOINTS = 4
PICTURE_TOKENS = 1_600
MARKS: dict[str, dict[str, str]] = {
    "5m": {"type": "ephemeral"},
    "1h": {"type": "ephemeral", "ttl": "1h"},
}
STATIC = ("tools", "system")


def limited(body: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """Keep the last `limit` marks of tools and system, and lower a 1h mark that follows a 5m one."""
    surplus = len(marked_blocks(body)) - limit
    seen_5m = False
    result = dict(body)
    for part in STATIC:
        if part not in body:
            continue
        result[part] = blocks = []
        for block in body[part]:
            if block.get("cache_control"):
                if surplus > 0:
                    block = without(block, "cache_control")
                    surplus -= 1
                elif seen_5m and lifetime_of(block) == "1h":
                    block = {**block, "cache_control": dict(MARKS["5m"])}
                else:
                    seen_5m = lifetime_of(block) == "5m"
            blocks.append(block)
    return result


def marked_blocks(body: Mapping[str, Any]) -> list[Block]:
    """List the tools and system blocks that carry a mark, in prefix order."""
    return [block for part in STATIC for block in body.get(part, ()) if block.get("cache_control")]


def lifetime_of(block: Block) -> str:
    """Say how long a marked block's entry lives: 5m or 1h."""
    return "1h" if block["cache_control"].get("ttl") == "1h" else "5m"


def block_tokens(block: Mapping[str, Any]) -> int:
    """Guess the tokens of a content block, tool or system block; only choices of the plan depend on it."""
    kind, source = block.get("type"), block.get("source")
    if kind == "image":
        return PICTURE_TOKENS
    if kind == "document" and isinstance(source, Mapping) and source.get("type") == "base64":
        return max(PICTURE_TOKENS, len(str(source.get("data"))) // 40)
    if kind == "text":
        return estimate_tokens(str(block.get("text")))
    if kind == "tool_result" and isinstance(block.get("content"), list):
        return 8 + sum(block_tokens(part) for part in block["content"])
    return estimate_tokens(str({key: value for key, value in block.items() if key != "cache_control"}))


def guess_tokens(body: Mapping[str, Any]) -> int:
    """Guess the tokens of tools and system."""
    return sum(block_tokens(block) for part in STATIC for block in body.get(part, ()))


def long_enough(body: Mapping[str, Any], static_tokens: int, minimum: int) -> dict[str, Any]:
    """Leave out marks of staff that stand below the minimum."""
    scale = static_tokens / max(1, guess_tokens(body))
    result, tokens = dict(body), 0.0
    for part in STATIC:
        if part in body:
            result[part] = blocks = []
            for block in body[part]:
                tokens += scale * block_tokens(block)
                # The guess is one of thousands of tokens; half a token is nothing to lose a cache for.
                blocks.append(without(block, "cache_control") if tokens + 0.5 < minimum else block)
    return result


def with_static(body: Mapping[str, Any], lifetime: str, minimum: int) -> dict[str, Any]:
    """Mark the ends of tools and of system, which together are long enough; tools alone may not be."""
    result = dict(body)
    tools, system = body.get("tools", ()), body.get("system", ())
    if system:
        result["system"] = _with_last_marked(system, lifetime)
    if tools and (not system or sum(map(block_tokens, tools)) >= minimum):
        result["tools"] = _with_last_marked(tools, lifetime)
    return result


def _with_last_marked(blocks: Sequence[Block], lifetime: str) -> list[Block]:
    return [*blocks[:-1], {**blocks[-1], "cache_control": dict(MARKS[lifetime])}]


def with_message_marks(
    messages: Sequence[dict[str, Any]], marks: Mapping[tuple[int, int], str]
) -> list[dict[str, Any]]:
    """Set marks by (message, block)."""
    result = list(messages)
    for (at, index), lifetime in marks.items():
        content = list(result[at]["content"])
        content[index] = {**content[index], "cache_control": dict(MARKS[lifetime])}
        result[at] = {**result[at], "content": content}
    return result
