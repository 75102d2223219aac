"""Titles and descriptions of tools in the reader's language.

Rows hold them in one language, because models read them. The built-in tools' own are translated; what staff wrote is
shown as it is.
"""

from django.utils.translation import gettext, gettext_noop

from chat.models import ToolDefinition

BUILTIN_TEXTS = frozenset(
    {
        gettext_noop("Date and time"),
        gettext_noop("Return the current date and time, or convert a moment from one time zone to another."),
        gettext_noop("Calculator"),
        gettext_noop("Compute an arithmetic expression exactly, with fractions and numbers of any length."),
        gettext_noop("Search in my conversations"),
        gettext_noop("Search in the project’s documents"),
        gettext_noop("Search the documents of the project that this conversation belongs to."),
        gettext_noop(
            "Search the person's own earlier conversations for titles and messages that contain all the given words."
        ),
        gettext_noop("Remember"),
        gettext_noop("Propose a note about the person, which later conversations are told."),
    }
)


def tool_title(tool: ToolDefinition) -> str:
    """Return a tool's title."""
    return _translated(tool.title)


def tool_about(tool: ToolDefinition) -> str:
    """Return the first paragraph of a tool's description."""
    return _translated(tool.description.strip().split("\n\n")[0])


def _translated(text: str) -> str:
    return gettext(text) if text in BUILTIN_TEXTS else text
