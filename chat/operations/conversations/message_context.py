"""The volatile context of a message: date, language, name, and the person's own instructions and memory.

It is frozen with the user message, never put into the system prompt: there it would end the cache prefix that all
people share, and a prompt that changes at midnight would invalidate the thinking of open conversations. For the same
reason a person's instructions are no part of the prompt; there they would also speak with the authority of staff.
"""

import zoneinfo

from django.conf import settings
from django.core.cache import caches
from django.utils import timezone
from django.utils.translation import get_language, get_language_info

from chat.claude.content.context import write_context
from chat.models import Assistant, User, Workspace
from chat.operations.accounts.memory import notes_of

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

WORKSPACE_SECONDS = 5


def context_for(author: User, assistant: Assistant | None, *, temporary: bool = False) -> str:
    """Return today's context for a message of this person; "" where the assistant does not want one.

    A temporary conversation is not told the person's memory.
    """
    if assistant is not None and not assistant.tell_context:
        return ""
    time_zone, offers_memory = _workspace()
    zone = author.time_zone or time_zone
    today = timezone.now().astimezone(zoneinfo.ZoneInfo(zone))
    code = author.language or get_language() or settings.LANGUAGE_CODE
    lines = [
        f"Today is {DAYS[today.weekday()]}, {today:%Y-%m-%d} (time zone {zone}).",
        f"The person's language setting is {get_language_info(code)['name']}.",
    ]
    notes = notes_of(author) if offers_memory and author.uses_memory and not temporary else ()
    return write_context(
        lines=lines, name=author.get_full_name(), instructions=author.instructions, notes=notes
    )


def _workspace() -> tuple[str, bool]:
    """Return the workspace's time zone and whether it offers memory; a change is seen within seconds."""
    cache = caches["process"]
    known: tuple[str, bool] | None = cache.get("workspace-context")
    if known is None:
        workspace = Workspace.current()
        known = (workspace.time_zone, workspace.offers_memory)
        cache.set("workspace-context", known, WORKSPACE_SECONDS)
    return known
