"""The volatile context of a message: what changes from day to day and from person to person.

It is frozen with the user message, never put into the system prompt: there it would end the shared cache prefix
of everybody, and a prompt that changes at midnight would invalidate the thinking of open conversations.
"""

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, get_language_info

from chat.claude.context import write_context
from chat.models import Assistant, User, Workspace

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def context_for(author: User, assistant: Assistant | None) -> str:
    """Write today's context for a message of this person; "" where the assistant does not want one."""
    if assistant is not None and not assistant.tell_context:
        return ""
    workspace = Workspace.current()
    today = timezone.now().astimezone(workspace.zone)
    code = author.language or get_language() or settings.LANGUAGE_CODE
    said = [
        f"Today is {DAYS[today.weekday()]}, {today:%Y-%m-%d} (time zone {workspace.time_zone}).",
        f"The person's language setting is {get_language_info(code)['name']}.",
    ]
    return write_context(lines=said, name=author.get_full_name())
