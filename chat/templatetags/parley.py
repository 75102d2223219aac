"""How a thread is shown: a message's blocks, an answer's cost, how it ended. Used by pages and socket alike."""

import json
from decimal import Decimal
from typing import Any

from django import template

from chat.claude.context_window import context_tokens
from chat.models import ApiCall, LanguageModel, Message, Turn, User
from chat.operations.billing.budgets import Payer, warnings
from chat.operations.conversations.thread import Thread
from chat.operations.turns.failover import offered_after_refusal
from chat.presentation.blocks import arrived_blocks, fenced_json, shown_blocks
from chat.presentation.citations import joined
from chat.presentation.wording import TOOL_STATUS, Ending, ending, notice_text, soft_limit_text

register = template.Library()


@register.inclusion_tag("chat/message/_message.html")
def thread_message(message: Message, thread: Thread) -> dict[str, Any]:
    """Show one message of a thread; the one that is being written shows what has arrived durably."""
    writing = message.status == Message.Status.STREAMING
    live = writing or _goes_on(message, thread)
    state = thread.state if live and thread.active_turn else None
    arrived = (
        [block for block in state.blocks if block["message"] == str(message.id)]
        if state and writing
        else None
    )
    versions = thread.siblings.get(message.id, [message.id])
    place = versions.index(message.id)
    return {
        "conversation": thread.conversation,
        "thread": thread,
        "message": message,
        "turn": message.turn,
        "live": live,
        "state": state,
        "blocks": (
            _blocks(message, thread)
            if arrived is None
            else joined(arrived_blocks(arrived), message.id, live=True)
        ),
        "notices": _notices(message, thread),
        "call": thread.calls.get(message.id),
        "versions": len(versions),
        "place": place + 1,
        "previous": versions[place - 1] if place else None,
        "following": versions[place + 1] if place + 1 < len(versions) else None,
        "ending": None if live or not message.turn else turn_ending(message.turn, kept=bool(message.content)),
        "other": None if live or not message.turn else _other_model(message.turn),
    }


def _goes_on(message: Message, thread: Thread) -> bool:
    """Say whether a whole answer is the last of a turn that waits for a person, or for its tools."""
    turn, last = thread.active_turn, thread.messages[-1] if thread.messages else None
    return turn is not None and message is last and message.turn_id == turn.id and message.role != "user"


def _notices(message: Message, thread: Thread) -> list[dict[str, str]]:
    """Return what became of the turn for good, once: above its first answer on the page."""
    turn = message.turn
    if turn is None or message.role == Message.Role.USER or not turn.notices:
        return []
    first = next(found for found in thread.messages if found.turn_id == turn.id and found.role != "user")
    return turn.notices if first is message else []


@register.inclusion_tag("chat/message/_message.html")
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
        {"index": "", "type": kind, "name": "", "value": "", "open": True}
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
def turn_ending(turn: Turn, *, kept: bool = False) -> Ending | None:
    other = _other_model(turn)
    return ending(
        turn.status,
        turn.stop_reason,
        turn.error_code,
        turn.error_detail,
        other.display_name if other else "",
        kept=kept,
    )


def _other_model(turn: Turn) -> LanguageModel | None:
    """Return the model that can be asked instead of one that refused."""
    return offered_after_refusal(turn) if turn.status == Turn.Status.REFUSED else None


@register.filter
def tool_status(status: str) -> str:
    """Say where a tool call is; "" before its request is known."""
    return str(TOOL_STATUS.get(status, ""))


@register.filter
def became(notice: dict[str, str]) -> str:
    return notice_text(notice)


@register.filter
def budget_warnings(user: User) -> list[str]:
    """Say which of this person's budgets have passed their warning mark."""
    return [
        soft_limit_text(one.budget.scope, one.budget.period, one.renews_on.isoformat(), one.percent)
        for one in warnings(Payer(user.pk))
    ]


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


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


def _blocks(message: Message, thread: Thread) -> list[dict[str, Any]]:
    """Show an answer that has a shape as the JSON that it is; as prose its marks would be read as formatting."""
    blocks = shown_blocks(message.content, thread.tool_calls.get(message.id, {}), message.id)
    if message.role == Message.Role.ASSISTANT and message.turn and message.turn.output_schema is not None:
        return [
            {**block, "value": fenced_json(block["value"])} if block["type"] == "text" else block
            for block in blocks
        ]
    return blocks
