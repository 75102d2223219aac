"""Compaction by the API (beta compact-2026-01-12, smallest trigger 50,000 tokens), and the prompt of summaries."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chat.claude.billing.pricing import estimate_tokens
from chat.claude.content.blocks import Block
from chat.claude.request.betas import with_beta
from chat.claude.request.transcript import PathMessage

MIN_TRIGGER_TOKENS, DEFAULT_TRIGGER_TOKENS = 50_000, 150_000


COMPACTION_BETA = "compact-2026-01-12"


COMPACTION_EDIT = "compact_20260112"


# The max_tokens of a summary, thinking included. For the API's own compaction no limit is documented.
SUMMARY_TOKENS = 16_384


SUMMARY_INSTRUCTION = (
    "Write a summary of this conversation so far that lets you go on with it without seeing it again: what the "
    "person wants, what was decided and why, facts, names, figures, code and wording that are still needed, what is "
    "open. Write in the conversation's language. Call no tool. Answer with the summary alone."
)


def has_compaction(content: Sequence[Block]) -> bool:
    """Return whether an assistant message begins with a summary that the API itself wrote."""
    return any(map(_is_summary, content))


def from_last_compaction(path: Sequence[PathMessage]) -> list[PathMessage]:
    """Return the path without compaction blocks, for platforms that refuse them.

    The last summary becomes a user message, in the same form as Parley's own summaries, and the path begins
    with it. Thinking after it is no longer valid.
    """
    for index in reversed(range(len(path))):
        content = path[index].content
        at = next((at for at in reversed(range(len(content))) if _is_summary(content[at])), None)
        if at is not None:
            summary = [{"type": "text", "text": summary_text(str(content[at]["content"]))}]
            rest = replace(path[index], content=content[at + 1 :], edited=True)
            return [PathMessage("user", summary), *map(_without_compaction, [rest, *path[index + 1 :]])]
    return [_without_compaction(message) for message in path]


def with_compaction_beta(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request, with the compaction beta named if a message has a compaction block, even an empty one."""
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
    """Return the request with compaction by the API enabled from `trigger` prompt tokens on."""
    edit = {
        "type": COMPACTION_EDIT,
        "trigger": {"type": "input_tokens", "value": max(MIN_TRIGGER_TOKENS, trigger)},
        "instructions": SUMMARY_INSTRUCTION,
    }
    return with_beta(request, COMPACTION_BETA, context_management={"edits": [edit]})


def quoted_transcript(parts: Sequence[tuple[str, str]], budget_tokens: int) -> str:
    """Return (role, text) pairs as one text of about `budget_tokens`.

    The newest texts are complete, the oldest one that fits is cut, and those before it are left out.
    """
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
    """Return the text of the user message that replaces everything before it."""
    return f"Earlier messages of this conversation were summarised:\n\n<summary>\n{summary}\n</summary>"
