"""How a thread is shown: a message's blocks, an answer's cost, how it ended. Used by pages and socket alike."""

import json
from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import gettext as _

from chat.claude.room import context_tokens
from chat.models import ApiCall, Message, Turn
from chat.operations.conversations import Thread
from chat.wording import Ending, ending

register = template.Library()

THINKING = ("thinking", "redacted_thinking")
TOOLS = ("tool_use", "server_tool_use", "mcp_tool_use")


@register.inclusion_tag("chat/_message.html")
def thread_message(message: Message, thread: Thread) -> dict[str, Any]:
    """Show one message of a thread; the one that is being written shows what has arrived durably."""
    live = message.status == Message.Status.STREAMING
    state = thread.state if live and thread.active_turn else None
    arrived = [block for block in state.blocks if block["message"] == str(message.id)] if state else None
    versions = thread.siblings.get(message.id, [message.id])
    place = versions.index(message.id)
    return {
        "conversation": thread.conversation,
        "message": message,
        "turn": message.turn,
        "live": live,
        "state": state,
        "blocks": _blocks(message) if arrived is None else arrived,
        "call": thread.calls.get(message.id),
        "versions": len(versions),
        "place": place + 1,
        "previous": versions[place - 1] if place else None,
        "following": versions[place + 1] if place + 1 < len(versions) else None,
        "ending": None if live or not message.turn else turn_ending(message.turn),
    }


@register.inclusion_tag("chat/_message.html")
def answer_place(turn: Turn) -> dict[str, Any]:
    """Show the place of an answer whose first words have not come."""
    return {"conversation": turn.conversation, "message": None, "turn": turn, "live": True, "blocks": []}


@register.simple_tag
def thread_turn(thread: Thread) -> dict[str, Any]:
    """Say what a thread ends with: it `expects` an answer that has no row yet, or a turn stayed `unanswered`."""
    last = thread.messages[-1] if thread.messages else None
    if last is None or last.role != Message.Role.USER:
        return {"expects": False, "unanswered": None}
    if thread.active_turn:
        return {"expects": True, "unanswered": None}
    ended = last.answering_turns.select_related("model").order_by("-created_at", "-id").first()
    return {"expects": False, "unanswered": ended}


@register.simple_tag
def empty_blocks() -> list[dict[str, Any]]:
    """Return one empty open block of each kind; scripts copy their markup when a block begins."""
    return [
        {"index": "", "type": kind, "value": "", "open": True}
        for kind in ("text", "thinking", "tool_use", "compaction")
    ]


@register.filter
def context_used(thread: Thread) -> int:
    """Count the tokens that the last answer left in the context: its prompt and itself; 0 after a summary."""
    for message in reversed(thread.messages):
        call = thread.calls.get(message.id)
        if call is not None and call.usage:
            return context_tokens(call.usage)
        if message.kind == Message.Kind.SUMMARY:
            return 0
    return 0


@register.filter
def turn_ending(turn: Turn) -> Ending | None:
    return ending(turn.status, turn.stop_reason, turn.error_code, turn.error_detail)


@register.filter
def usd(amount: Decimal) -> str:
    """Write a small sum so that its size is seen: two digits that mean something, never a bare zero for a cost."""
    if not amount:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    digits = max(2, 1 - amount.adjusted())
    return f"${amount:.{digits}f}"


@register.filter
def exact_usd(amount: Decimal) -> str:
    return f"${amount.normalize():f}"


@register.filter
def prompt_tokens(call: ApiCall) -> int:
    """Count all that was read: fresh, from the cache and into the cache."""
    return (
        call.input_tokens + call.cache_read_tokens + call.cache_write_5m_tokens + call.cache_write_1h_tokens
    )


@register.filter
def seconds_taken(call: ApiCall) -> str:
    if call.finished_at is None:
        return ""
    seconds = (call.finished_at - call.started_at).total_seconds()
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"


def _blocks(message: Message) -> list[dict[str, Any]]:
    """Show an answer that has a shape as the JSON that it is; as prose its marks would be read as formatting."""
    blocks = shown_blocks(message.content)
    if message.role == Message.Role.ASSISTANT and message.turn and message.turn.output_schema is not None:
        return [
            {**block, "value": _fenced(block["value"])} if block["type"] == "text" else block
            for block in blocks
        ]
    return blocks


def _fenced(text: str) -> str:
    try:
        return f"~~~~json\n{_pretty(json.loads(text))}\n~~~~"
    except (ValueError, RecursionError):
        return text


def shown_blocks(content: Any) -> list[dict[str, Any]]:
    """Reduce exact content blocks to what a reader sees: [{"index": 0, "type": "text", "value": "Hello"}, …]."""
    if not isinstance(content, list):
        return []
    shown = [
        _shown(block) | {"index": index} for index, block in enumerate(content) if isinstance(block, dict)
    ]
    return [block for block in shown if block["value"].strip() or block["type"] in TOOLS]


def _shown(block: dict[str, Any]) -> dict[str, Any]:
    kind = str(block.get("type", ""))
    if kind == "text":
        return {"type": kind, "value": str(block.get("text", ""))}
    if kind == "thinking":
        return {"type": kind, "value": str(block.get("thinking", ""))}
    if kind == "compaction":
        return {"type": kind, "value": str(block.get("content") or "")}
    if kind == "redacted_thinking":
        return {"type": "thinking", "value": _("These thoughts are kept encrypted by the model’s provider.")}
    if kind in TOOLS:
        return {
            "type": "tool_use",
            "name": str(block.get("name", "")),
            "value": _pretty(block.get("input", {})),
        }
    rest = {key: value for key, value in block.items() if key != "type"}
    return {"type": "other", "name": kind, "value": _pretty(rest)}


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
