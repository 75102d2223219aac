"""Compaction of a long conversation by the API itself (beta compact-2026-01-12).

If the prompt is longer than the edit's trigger, the answer begins with a `compaction` block, a summary of
everything before it. When it is sent again, that block replaces everything before it. The cost of the summary
is reported in `usage.iterations` only.
"""

from dataclasses import dataclass, replace
from typing import Any

from chat.simulator.prompts import thinking, tokens
from chat.simulator.prompts.cache import PromptUsage
from chat.simulator.prompts.prompt import Prompt, Turn
from chat.simulator.replies import texts
from chat.simulator.transport.wire import ApiError, invalid

BETA = "compact-2026-01-12"
EDIT = "compact_20260112"
DEFAULT_TRIGGER, SMALLEST_TRIGGER = 150_000, 50_000
OTHER_EDITS = ("clear_tool_uses_20250919", "clear_thinking_20251015")


@dataclass(frozen=True, slots=True)
class Compaction:
    """A summary at the beginning of an answer, and the usage of writing it."""

    summary: str
    read: PromptUsage
    output_tokens: int

    def block(self) -> dict[str, Any]:
        """Return the content block as it is in a complete message."""
        return {
            "type": "compaction",
            "content": self.summary,
            "encrypted_content": thinking.seal(self.summary),
        }

    def iteration(self) -> dict[str, Any]:
        """Return its entry in `usage.iterations`."""
        return {"type": "compaction", **self.read.as_json(), "output_tokens": self.output_tokens}


def check_edits(body: dict[str, Any], betas: tuple[str, ...]) -> None:
    """Check compaction edits and blocks, and that the request names the beta.

    Raises:
        ApiError: 400.
    """
    for number, edit in enumerate((body.get("context_management") or {}).get("edits") or ()):
        where = f"context_management.edits.{number}"
        if not isinstance(edit, dict) or edit.get("type") not in (EDIT, *OTHER_EDITS):
            raise invalid(f"{where}.type", "Input tag does not match any of the expected tags")
        if edit["type"] == EDIT:
            _check_compaction(where, edit, betas)
    for number, message in enumerate(body["messages"]):
        blocks = message["content"] if isinstance(message["content"], list) else []
        for block in blocks:
            if block["type"] == "compaction" and BETA not in betas:
                raise invalid(f"messages.{number}", f"compaction blocks need the beta {BETA}")
            if block["type"] == "compaction" and block.get("content") == "":
                raise invalid(f"messages.{number}", "compaction content must not be empty")


def _check_compaction(where: str, edit: dict[str, Any], betas: tuple[str, ...]) -> None:
    if BETA not in betas:
        raise ApiError(400, f"context_management: {EDIT} needs the beta {BETA}")
    trigger = edit.get("trigger") or {"type": "input_tokens", "value": DEFAULT_TRIGGER}
    if not isinstance(trigger, dict) or trigger.get("type") != "input_tokens":
        raise invalid(f"{where}.trigger.type", "Input should be 'input_tokens'")
    value = trigger.get("value")
    if not isinstance(value, int) or value < SMALLEST_TRIGGER:
        raise invalid(
            f"{where}.trigger.value", f"Input should be greater than or equal to {SMALLEST_TRIGGER}"
        )


def from_last_summary(prompt: Prompt) -> Prompt:
    """Return the prompt that the model reads: from the last summary on."""
    for number in reversed(range(len(prompt.turns))):
        turn = prompt.turns[number]
        for at in reversed(range(len(turn.blocks))):
            if turn.blocks[at]["type"] == "compaction" and turn.blocks[at].get("content"):
                rest = Turn(turn.role, turn.blocks[at:], turn.positions[at:])
                return replace(prompt, turns=[rest, *prompt.turns[number + 1 :]])
    return prompt


def triggered_compaction(prompt: Prompt, read: PromptUsage) -> Compaction | None:
    """Return the compaction that this prompt triggers, if any."""
    edits = (prompt.body.get("context_management") or {}).get("edits") or ()
    edit = next((edit for edit in edits if edit["type"] == EDIT), None)
    if edit is None:
        return None
    trigger = (edit.get("trigger") or {}).get("value", DEFAULT_TRIGGER)
    if read.total_tokens <= trigger:
        return None
    said = [block["text"] for turn in prompt.turns for block in turn.blocks if block["type"] == "text"]
    summary = f"Summary of {len(said)} texts, the first: {texts.quote(said[0])}"
    return Compaction(summary, read, tokens.count(summary, prompt.model.chars_per_token))


def compacted(prompt: Prompt, compaction: Compaction) -> Prompt:
    """Return the rest of the prompt after a compaction: the summary and the last user turn."""
    last = next(turn for turn in reversed(prompt.turns) if turn.role == "user")
    return replace(prompt, turns=[Turn("assistant", [compaction.block()], [(0, 0)]), last])
