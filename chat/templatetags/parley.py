"""Tags and filters of the chat's templates. They format what their context carries and query nothing."""

import json
from typing import Any

from django import template

from chat.models import Message, Turn
from chat.presentation import figures, messages
from chat.presentation.thread import Thread
from chat.presentation.wording import TOOL_STATUS, notice_text

register = template.Library()
register.filter("usd", figures.short_usd)
register.filter("exact_usd", figures.exact_usd)
register.filter("prompt_tokens", figures.prompt_tokens)
register.filter("seconds_taken", figures.seconds_taken)
register.filter("became", notice_text)
register.simple_tag(messages.empty_blocks)


@register.inclusion_tag("chat/message/_message.html")
def thread_message(message: Message, thread: Thread) -> dict[str, Any]:
    """Show one message of a thread."""
    return messages.message_context(message, thread)


@register.inclusion_tag("chat/message/_message.html")
def answer_place(turn: Turn) -> dict[str, Any]:
    """Show the place of an answer that has not begun."""
    return messages.placeholder_context(turn)


@register.inclusion_tag("chat/message/_unanswered.html")
def unanswered_turn(thread: Thread) -> dict[str, Any]:
    """Show the turn that left a thread's last message unanswered."""
    turn = thread.unanswered
    return messages.unanswered_context(turn, thread.other_models.get(turn.id)) if turn else {}


@register.filter
def tool_status(status: str) -> str:
    """Return the words for a tool call's status; "" before its request is known."""
    return str(TOOL_STATUS.get(status, ""))


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
