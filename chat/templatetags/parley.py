"""How a thread is shown: a message's blocks, an answer's cost, how it ended. Used by pages and socket alike."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import gettext as _

from chat import server_tools
from chat.citations import joined
from chat.claude.room import context_tokens
from chat.events import result_blocks, shown_result
from chat.models import ApiCall, LanguageModel, Message, ToolCall, Turn, User
from chat.operations.budgets import Payer, warnings
from chat.operations.conversations import Thread
from chat.operations.failover import offered_after_refusal
from chat.wording import TOOL_STATUS, Ending, ending, notice_text, soft_limit_text

register = template.Library()

THINKING = ("thinking", "redacted_thinking")
TOOLS = ("tool_use", "server_tool_use", "mcp_tool_use")


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
            _blocks(message, thread) if arrived is None else joined(_arrived(arrived), message.id, live=True)
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
            {**block, "value": _fenced(block["value"])} if block["type"] == "text" else block
            for block in blocks
        ]
    return blocks


def _fenced(text: str) -> str:
    try:
        return f"~~~~json\n{_pretty(json.loads(text))}\n~~~~"
    except (ValueError, RecursionError):
        return text


def shown_blocks(
    content: Any, calls: Mapping[str, ToolCall] | None = None, message_id: object = None
) -> list[dict[str, Any]]:
    """Reduce exact content blocks to what a reader sees: [{"index": 0, "type": "text", "value": "Hello"}, …].

    `calls` are the message's tool calls by their tool_use id: a block that asked for one gets `call` and `result`.
    Files of a person's message are shown by their own tag; citations of an answer as links below its id.
    """
    if not isinstance(content, list):
        return []
    shown = [
        _shown(block) | _called(block, calls or {}) | {"index": index}
        for index, block in enumerate(content)
        if isinstance(block, dict)
    ]
    shown = joined(_with_results(shown), message_id)
    return [block for block in shown if block["value"].strip() or block["type"] in (*TOOLS, "sources")]


def _called(block: dict[str, Any], calls: Mapping[str, ToolCall]) -> dict[str, Any]:
    call = calls.get(str(block.get("id", "")))
    if call is None:
        return {}
    result = _result_text(shown_result(call.result or []))
    return {"call": call, "result": result, "value": _pretty(call.effective_input)}


def _result_text(parts: list[dict[str, Any]]) -> str:
    return "\n".join(str(part.get("text") or f"[{part['type']}]") for part in parts)


def _arrived(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Show blocks of an answer that is being written; calls and results of MCP servers become cards as later."""
    shown: list[dict[str, Any]] = []
    for block in blocks:
        if block["type"] == "mcp_tool_use":
            shown.append({**block, "type": "tool_use", "name": _tool_name(block)})
        elif block["type"] == "mcp_tool_result":
            shown.append({**block, "result": _result_text(block.get("result") or [])})
        else:
            shown.append(block)
    return _with_results(shown)


def _with_results(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put the results of MCP servers into the cards of their calls, with the words for how they ended."""
    cards = {block["id"]: dict(block) for block in blocks if block["type"] == "tool_use" and block.get("id")}
    kept: list[dict[str, Any]] = []
    for block in blocks:
        card = cards.get(block.get("tool_use_id")) if block["type"] == "mcp_tool_result" else None
        if card is not None:
            status = ToolCall.Status.FAILED if block.get("is_error") else ToolCall.Status.DONE
            card |= {"result": block["result"], "status": status}
        else:
            kept.append(cards.get(block.get("id"), block) if block["type"] == "tool_use" else block)
    return kept


def _tool_name(block: dict[str, Any]) -> str:
    """Name a tool, behind its server's name where the provider calls it there."""
    return " · ".join(str(block[key]) for key in ("server_name", "name") if block.get(key))


def _shown(block: dict[str, Any]) -> dict[str, Any]:
    kind = str(block.get("type", ""))
    if kind == "text":
        citations = block.get("citations")
        return {
            "type": kind,
            "value": str(block.get("text", "")),
            "citations": citations if isinstance(citations, list) else [],
        }
    if kind == "thinking":
        return {"type": kind, "value": str(block.get("thinking", ""))}
    if kind == "compaction":
        return {"type": kind, "value": str(block.get("content") or "")}
    if kind == "redacted_thinking":
        return {"type": "thinking", "value": _("These thoughts are kept encrypted by the model’s provider.")}
    if kind in TOOLS:
        return {
            "type": "tool_use",
            "id": str(block.get("id", "")),
            "name": _tool_name(block),
            **_asked(block),
        }
    if kind == "mcp_tool_result":
        result = _result_text(shown_result(result_blocks(block.get("content"))))
        return {
            "type": kind,
            "name": kind,
            "tool_use_id": str(block.get("tool_use_id", "")),
            "is_error": bool(block.get("is_error")),
            "result": result,
            "value": result,
        }
    rest = {key: value for key, value in block.items() if key != "type"}
    return server_tools.found(block) or {"type": "other", "name": kind, "value": _pretty(rest)}


def _asked(block: dict[str, Any]) -> dict[str, str]:
    """Say what a tool is called and was given; a tool of staff's own has its title in its call."""
    whole = _pretty(block.get("input", {}))
    if block.get("type") != "server_tool_use":
        return {"value": whole}
    title = server_tools.title_of(str(block.get("name")))
    return {"title": title, "value": server_tools.given(block) or whole}


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
