"""Tags and filters of the chat's templates. They format what their context carries and query nothing."""

import functools
import json
from typing import Any

from django import template
from django.urls import get_script_prefix, reverse
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from chat.models import Conversation, Turn
from chat.presentation import messages
from chat.presentation.citations import without_signs
from chat.presentation.fragments import fragment
from chat.presentation.thread import Thread
from chat.presentation.wording import TOOL_STATUS, notice_text

register = template.Library()
register.filter("became", notice_text)
register.filter(without_signs)
register.simple_tag(messages.empty_blocks)
register.simple_tag(messages.entry_html)


@register.simple_tag
def address(route: str, *ids: object) -> str:
    """Return what `url` does, and keep it: a page of a conversation has dozens of addresses, and they don't change."""
    return _address(get_script_prefix(), route, *map(str, ids))


@functools.lru_cache(maxsize=2000)
def _address(_prefix: str, route: str, *ids: str) -> str:
    return reverse(route, args=ids)


@register.simple_tag
def conversation_row(row: Conversation, current: Conversation | None) -> SafeString:
    """Show a row of the list of conversations; that of the page is marked. `row.state` is its active turn's status."""
    return fragment(
        "chat/sidebar/_conversation.html",
        {
            "id": row.id,
            "title": str(row),
            "state": row.state,  # type: ignore[attr-defined]  # the list's query adds it
            "pinned": row.pinned,
            "archived": row.archived,
            "current": current is not None and row.pk == current.pk,
        },
    )


@register.simple_tag
def script_templates() -> SafeString:
    """Write the elements that scripts copy."""
    return fragment("chat/_script_templates.html", {})


@register.inclusion_tag("chat/message/_version.html")
def answer_version(version: messages.AnswerVersion) -> dict[str, Any]:
    """Show an answer as a column of a comparison."""
    return messages.version_context(version)


@register.inclusion_tag("chat/message/_message.html")
def answer_place(turn: Turn) -> dict[str, Any]:
    """Show the place of an answer that has not begun."""
    return messages.placeholder_context(turn)


@register.inclusion_tag("chat/message/_unanswered.html")
def unanswered_turn(thread: Thread) -> dict[str, Any]:
    """Show the turn that left a thread's last message unanswered."""
    turn = thread.unanswered
    if turn is None:
        return {}
    return messages.unanswered_context(turn, thread.other_models.get(turn.id), staff=thread.for_staff)


@register.filter
def tool_status(status: str) -> str:
    """Return the words for a tool call's status; "" before its request is known."""
    return str(TOOL_STATUS.get(status, ""))


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@register.filter
def exact(text: str) -> SafeString:
    """Return a text escaped so that a browser reads back each of its characters: parsers change a bare CR to LF."""
    return mark_safe(conditional_escape(text).replace("\r", "&#13;"))  # noqa: S308 - escaped
