"""How much of a model's context a conversation fills, and when what came before has to be summarised.

The context holds prompt and answer together. Compaction by the API is a beta of the Messages API; its smallest trigger
is 50,000 tokens.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chat.claude.blocks import Block
from chat.claude.pricing import estimate_tokens
from chat.claude.request import exact_json
from chat.claude.usage import Usage

FULL_FROM = 0.85
WARN_FROM = 0.80
# What a picture or a page costs at most, where nobody has counted it.
UNREADABLE_TOKENS = 4_784


def trigger_tokens(max_input_tokens: int, max_tokens: int) -> int:
    """Say from how many prompt tokens on a conversation has to be made shorter.

    A model whose answers may be as long as its context keeps half of it for the prompt.
    """
    return int(FULL_FROM * _prompt_room(max_input_tokens, max_tokens))


def fits(prompt_tokens: int, *, max_input_tokens: int, max_tokens: int) -> bool:
    """Say whether a prompt and its answer have room in a context together."""
    return prompt_tokens <= _prompt_room(max_input_tokens, max_tokens)


def _prompt_room(max_input_tokens: int, max_tokens: int) -> int:
    return max(max_input_tokens - max_tokens, max_input_tokens // 2)


def must_compact(prompt_tokens: int, *, max_input_tokens: int, max_tokens: int) -> bool:
    """Say whether an expected prompt leaves too little room for its answer."""
    return prompt_tokens > trigger_tokens(max_input_tokens, max_tokens)


def context_tokens(usage: Mapping[str, Any] | None) -> int:
    """Count what a finished call left in the context: its prompt and its answer, without a compaction before them."""
    last = Usage.from_api({**(usage or {}), "iterations": None})
    return last.prompt_tokens + last.output_tokens


def content_tokens(content: Sequence[Block]) -> int:
    """Guess the tokens of content blocks that nobody counted."""
    return sum(map(_block_tokens, content))


def _block_tokens(block: Block) -> int:
    kind = block.get("type")
    if kind in ("image", "document"):
        return UNREADABLE_TOKENS
    if kind == "text":
        return estimate_tokens(str(block.get("text") or ""))
    if kind == "tool_result" and isinstance(block.get("content"), list):
        return content_tokens(block["content"])
    return estimate_tokens(exact_json(block))


def cache_reach(tokens: int, minimum: int, *, exact: bool) -> str:
    """Say whether a prefix is long enough to be cached: "reached", "below", or "unsure" for an estimate near it."""
    if not exact and 0.7 * minimum < tokens < 1.3 * minimum:
        return "unsure"
    return "reached" if tokens >= minimum else "below"
