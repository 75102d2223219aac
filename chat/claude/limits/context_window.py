"""How much of a model's context window a conversation fills, and when earlier messages must be summarised.

The context window holds prompt and answer together. Compaction by the API is a beta of the Messages API; its
smallest trigger is 50,000 tokens.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chat.claude.billing.pricing import estimate_tokens
from chat.claude.billing.usage import Usage
from chat.claude.content.blocks import Block
from chat.claude.encoding.exact_numbers import exact_json

FULL_SHARE = 0.85
# Upper bound for a picture or a page whose tokens were not counted.
MAX_MEDIA_TOKENS = 4_784
# The parts of a request that the model reads, beside its messages.
PROMPT_PARTS = ("system", "tools", "thinking", "output_config", "tool_choice")


def trigger_tokens(max_input_tokens: int, max_tokens: int) -> int:
    """Return the number of prompt tokens from which a conversation must be compacted.

    A model whose answers may fill its complete context window keeps half of it for the prompt.
    """
    return int(FULL_SHARE * _prompt_limit(max_input_tokens, max_tokens))


def fits_context(prompt_tokens: int, *, max_input_tokens: int, max_tokens: int) -> bool:
    """Return whether a prompt and its answer fit into the context window together."""
    return prompt_tokens <= _prompt_limit(max_input_tokens, max_tokens)


def _prompt_limit(max_input_tokens: int, max_tokens: int) -> int:
    return max(max_input_tokens - max_tokens, max_input_tokens // 2)


def must_compact(prompt_tokens: int, *, max_input_tokens: int, max_tokens: int) -> bool:
    """Return whether an expected prompt leaves too few tokens for its answer."""
    return prompt_tokens > trigger_tokens(max_input_tokens, max_tokens)


def context_tokens(usage: Mapping[str, Any] | None) -> int:
    """Return the tokens that a finished call left in the context: prompt and answer, without an earlier compaction."""
    last = Usage.from_api({**(usage or {}), "iterations": None})
    return last.prompt_tokens + last.output_tokens


def estimate_prompt(request: Mapping[str, Any]) -> int:
    """Return an estimate of a request's prompt tokens: a token per 3 bytes, pictures and pages at their largest."""
    message_tokens = sum(_message_tokens(message["content"]) for message in request.get("messages", ()))
    head = [request[name] for name in PROMPT_PARTS if request.get(name)]
    return message_tokens + sum(estimate_tokens(exact_json(part)) for part in head)


def _message_tokens(content: Any) -> int:
    return estimate_tokens(content) if isinstance(content, str) else content_tokens(content)


def content_tokens(content: Sequence[Block]) -> int:
    """Return an estimate of the tokens of content blocks that were not counted."""
    return sum(map(_block_tokens, content))


def _block_tokens(block: Block) -> int:
    kind, source = block.get("type"), block.get("source")
    if kind == "document" and isinstance(source, Mapping) and source.get("type") == "text":
        return estimate_tokens(str(source.get("data")))
    if kind in ("image", "document"):
        return MAX_MEDIA_TOKENS
    if kind == "text":
        return estimate_tokens(str(block.get("text") or ""))
    if kind == "tool_result" and isinstance(block.get("content"), list):
        return content_tokens(block["content"])
    return estimate_tokens(exact_json(block))


def cache_reach(tokens: int, minimum: int, *, exact: bool) -> str:
    """Return whether a prefix is long enough to be cached: "reached", "below" or "unsure".

    "unsure" means an estimate near the minimum.
    """
    if not exact and 0.7 * minimum < tokens < 1.3 * minimum:
        return "unsure"
    return "reached" if tokens >= minimum else "below"
