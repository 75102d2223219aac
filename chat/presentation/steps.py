"""The steps of an answer: its thoughts and tool calls. Neighbouring ones are one folded line on the page.

static/chat/models/turn/step_line.js writes the same line while an answer arrives.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from chat.models import ToolCall
from chat.presentation.wording import TOOL_STATUS

Block = dict[str, Any]
# Blocks that stand by themselves.
_OWN_PLACE = frozenset({"text", "compaction", "became", "files"})
# The statuses that the line names, the most urgent one first.
NAMED_STATUSES = ("waiting", "running", "failed", "denied", "expired", "stopped")


def with_steps(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with each run of thoughts and tool calls in one block.

    Such a block is {"type": "steps", "steps": [block, …], "line": text, "open": whether a call waits for approval}.
    """
    result: list[Block] = []
    for block in blocks:
        if block["type"] in _OWN_PLACE:
            result.append(block)
        elif result and result[-1]["type"] == "steps":
            result[-1]["steps"].append(block)
        else:
            result.append({"type": "steps", "steps": [block]})
    for block in result:
        if block["type"] == "steps":
            block["line"] = step_line(block["steps"])
            block["open"] = any(_status(step) == ToolCall.Status.WAITING for step in block["steps"])
    return result


def step_line(steps: Sequence[Block]) -> str:
    """Return the line of some steps: "Thought for 4 s · Calculator ×2 · Date and time: Failed"."""
    statuses: dict[str, list[str]] = {}
    for step in steps:
        name = _name(step)
        if name:
            statuses.setdefault(name, []).append(_status(step))
    thoughts = [step for step in steps if step["type"] == "thinking"]
    parts = [_thought(thoughts)] if thoughts else []
    return " · ".join([*parts, *(_tool(name, found) for name, found in statuses.items())])


def _thought(thoughts: Sequence[Block]) -> str:
    if any(step.get("open") for step in thoughts):
        return _("Thinking…")
    times = [step.get("seconds") for step in thoughts]
    if None in times:
        return _("Thought process")
    return _("Thought for %(seconds)s s") % {"seconds": max(1, round(sum(filter(None, times))))}


def _tool(name: str, statuses: Sequence[str]) -> str:
    label = f"{name} ×{len(statuses)}" if len(statuses) > 1 else name
    status = next((status for status in NAMED_STATUSES if status in statuses), None)
    return f"{label}: {TOOL_STATUS[status]}" if status else label


def _name(step: Block) -> str:
    """Return the name of a step; "" for a thought, and for a result that belongs to the call above it."""
    kind = str(step["type"])
    if kind in ("thinking", "sources") or kind.endswith("_tool_result"):
        return ""
    if kind == "other" and step.get("title") and not step.get("failed"):
        return ""
    return str(step.get("title") or step.get("name") or "")


def _status(step: Block) -> str:
    if step.get("failed"):
        return str(ToolCall.Status.FAILED)
    call = step.get("call")
    return str(call["status"] if call is not None else step.get("status") or "")
