"""The volatile context of a message: date, language and name.

It is frozen with the user message, never put into the system prompt: there it would end the cache prefix that all
people share, and a prompt that changes at midnight would invalidate the thinking of open conversations.
"""

import zoneinfo

from django.conf import settings
from django.core.cache import caches
from django.utils import timezone
from django.utils.translation import get_language, get_language_info

from chat.claude.content.context import write_context
from chat.models import Assistant, User, Workspace

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

TIME_ZONE_SECONDS = 5


def context_for(author: User, assistant: Assistant | None) -> str:
    """Return today's context for a message of this person; "" where the assistant does not want one."""
    if assistant is not None and not assistant.tell_context:
        return ""
    zone = _time_zone()
    today = timezone.now().astimezone(zoneinfo.ZoneInfo(zone))
    code = author.language or get_language() or settings.LANGUAGE_CODE
    lines = [
        f"Today is {DAYS[today.weekday()]}, {today:%Y-%m-%d} (time zone {zone}).",
        f"The person's language setting is {get_language_info(code)['name']}.",
    ]
    return write_context(lines=lines, name=author.get_full_name())


def _time_zone() -> str:
    """Return the workspace's time zone; a change is seen within seconds."""
    return str(
        caches["process"].get_or_set(
            "workspace-time-zone", lambda: Workspace.current().time_zone, TIME_ZONE_SECONDS
        )
    )
