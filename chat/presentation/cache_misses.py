"""The reasons of cache misses, as staff read them. The codes are those of `claude.cache_diagnostics`."""

from django.utils.translation import gettext_lazy

CACHE_MISSES = {
    "model_changed": gettext_lazy("another model or speed"),
    "tools_changed": gettext_lazy("the tools changed"),
    "system_changed": gettext_lazy("the system prompt changed"),
    "messages_changed": gettext_lazy("earlier messages changed"),
    "previous_message_not_found": gettext_lazy("the provider no longer has the previous request"),
    "unavailable": gettext_lazy("other settings changed, such as thinking"),
    "pending": gettext_lazy("the provider had not finished comparing"),
    "expired": gettext_lazy("too much time had passed"),
    "frame_changed": gettext_lazy("the assistant was changed"),
    "not_found": gettext_lazy("removed before it expired"),
}


def cache_miss(code: str) -> str:
    """Return the reason of a cache miss, for staff; an unknown code is returned as it is."""
    return str(CACHE_MISSES.get(code, code))
