"""How much of a model's context a conversation fills, and when what came before has to be summarised.

The context holds prompt and answer together. Compaction by the API is a beta of the Messages API; its smallest trigger
is 50,000 tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chat.claude.betas import with_beta
from chat.claude.blocks import Block
from chat.claude.pricing import estimate_tokens
from chat.claude.request import exact_json
from chat.claude.transcript import PathMessage
from chat.claude.usage import Usage

FULL_FROM = 0.85
WARN_FROM = 0.80
SMALLEST_TRIGGER, DEFAULT_TRIGGER = 50_000, 150_000
COMPACTION_BETA = "compact-2026-01-12"
COMPACTION_EDIT = "compact_20260112"
# What a picture or a page costs at most, where nobody has counted it.
UNREADABLE_TOKENS = 4_784
# What a summary is given, thinking included. Of one that the API writes by itself no limit is documented.
SUMMARY_TOKENS = 16_384
INSTRUCTION = (
    "Write a summary of this conversation so far that lets you go on with it without seeing it again: what the "
    "person wants, what was decided and why, facts, names, figures, code and wording that are still needed, what is "
    "open. Write in the conversation's language. Call no tool. Answer with the summary alone."
)


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


def compacts(content: Sequence[Block]) -> bool:
    """Say whether an assistant message begins anew with the API's own summary of what came before."""
    return any(map(_is_summary, content))


def since_compaction(path: Sequence[PathMessage]) -> list[PathMessage]:
    """Give a path without compaction blocks, for whoever does not take them.

    The last one becomes a user message, as a summary of Parley's own is one, and the path begins with it. Thinking
    behind it is no longer valid.
    """
    for index in reversed(range(len(path))):
        content = path[index].content
        at = next((at for at in reversed(range(len(content))) if _is_summary(content[at])), None)
        if at is not None:
            said = [{"type": "text", "text": summary_text(str(content[at]["content"]))}]
            rest = replace(path[index], content=content[at + 1 :], edited=True)
            return [PathMessage("user", said), *map(_without_compaction, [rest, *path[index + 1 :]])]
    return [_without_compaction(message) for message in path]


def naming_beta(request: Mapping[str, Any]) -> dict[str, Any]:
    """Give a request that names the beta of compaction if an answer in it has a block of it, were it an empty one."""
    contents = [message["content"] for message in request["messages"]]
    needed = any(isinstance(content, list) and any(map(_is_compaction, content)) for content in contents)
    return with_beta(request, COMPACTION_BETA) if needed else dict(request)


def _is_compaction(block: Block) -> bool:
    return block.get("type") == "compaction"


def _is_summary(block: Block) -> bool:
    return _is_compaction(block) and bool(block.get("content"))


def _without_compaction(message: PathMessage) -> PathMessage:
    if not any(map(_is_compaction, message.content)):
        return message
    rest = [block for block in message.content if not _is_compaction(block)]
    return replace(message, content=rest, edited=True)


def with_compaction(request: Mapping[str, Any], trigger: int) -> dict[str, Any]:
    """Give a request that lets the API summarise earlier messages itself."""
    edit = {
        "type": COMPACTION_EDIT,
        "trigger": {"type": "input_tokens", "value": max(SMALLEST_TRIGGER, trigger)},
        "instructions": INSTRUCTION,
    }
    return with_beta(request, COMPACTION_BETA, context_management={"edits": [edit]})


def quoted_transcript(parts: Sequence[tuple[str, str]], budget_tokens: int) -> str:
    """Write (role, text) pairs as a text of about `budget_tokens`: the newest whole, an older one cut, none before."""
    kept: list[str] = []
    left = budget_tokens
    for role, text in reversed(parts):
        if left <= 0:
            break
        shown = (
            text if estimate_tokens(text) <= left else text.encode()[: left * 3].decode(errors="ignore") + "…"
        )
        left -= estimate_tokens(shown) + 8
        kept.append(f"<{role}>\n{shown}\n</{role}>")
    return "\n".join(reversed(kept))


def summary_text(summary: str) -> str:
    """Write the user message that stands for all before it."""
    return f"Earlier messages of this conversation were summarised:\n\n<summary>\n{summary}\n</summary>"


def cache_reach(tokens: int, minimum: int, *, exact: bool) -> str:
    """Say whether a prefix is long enough to be cached: "reached", "below", or "unsure" for an estimate near it."""
    if not exact and 0.7 * minimum < tokens < 1.3 * minimum:
        return "unsure"
    return "reached" if tokens >= minimum else "below"
