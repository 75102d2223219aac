"""Texts of the admin's theme, which has no Korean catalogue, and of Django's admin where its Korean is wrong.

Listed here, they are collected with ours. Our catalogue takes precedence over those of packages.
"""

from django.utils.translation import gettext_noop

THEME_WORDS = (
    gettext_noop("Add new item"),
    gettext_noop("Add row"),
    gettext_noop("Apply Filters"),
    gettext_noop("Change History"),
    gettext_noop("Date"),
    gettext_noop("Date from"),
    gettext_noop("Date to"),
    gettext_noop("Default"),
    gettext_noop("Expand row"),
    gettext_noop("Filters"),
    gettext_noop("Go back"),
    gettext_noop("Loading more results..."),
    gettext_noop("More actions"),
    gettext_noop("Next"),
    gettext_noop("No data"),
    gettext_noop("No results found"),
    gettext_noop("No results matching your query"),
    gettext_noop("Previous"),
    gettext_noop("Return to site"),
    gettext_noop("Revert"),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Select all rows"),
    gettext_noop("Select record"),
    gettext_noop("Select value"),
    gettext_noop("Toggle password visibility"),
    gettext_noop("Type to search"),
)
ADMIN_TEXTS = (
    gettext_noop("Select %s to view"),
    gettext_noop("Select %s to change"),
    gettext_noop("View %s"),
    gettext_noop("Delete selected %(verbose_name_plural)s"),
    gettext_noop("No action selected."),
    gettext_noop("Run the selected action"),
    gettext_noop("0 of %(cnt)s selected"),
    gettext_noop(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the following related items '
        "will be deleted:"
    ),
    gettext_noop("No, take me back"),
    gettext_noop("Yes, I’m sure"),
    gettext_noop("Objects"),
    gettext_noop("Save and add another"),
    gettext_noop("Save and continue editing"),
    gettext_noop("Change history: %s"),
    gettext_noop("superuser status"),
    gettext_noop("primary"),
    gettext_noop("verified"),
)
# Reasons of changes, as the tables' histories and the admin's log keep them.
REASONS = (
    gettext_noop("switched off by its setting"),
    gettext_noop("The server refused a longer request"),
    gettext_noop("revoked"),
    gettext_noop("switched off"),
    gettext_noop("unarchived"),
)
