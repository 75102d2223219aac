"""The admin's sidebar: links to the tables that the user may see."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

DIAGNOSTICS = _("Diagnostics")
SECTIONS = (
    (
        _("Assistants"),
        (
            ("assistant", "smart_toy"),
            ("systemprompt", "description"),
            ("savedprompt", "bookmark"),
            ("tooldefinition", "build"),
            ("mcpserver", "dns"),
        ),
    ),
    (
        _("Models & providers"),
        (("providerconnection", "hub"), ("languagemodel", "neurology"), ("modelprice", "sell")),
    ),
    (_("People"), (("user", "person"), ("auth.group", "groups"), ("apikey", "key"))),
    (_("Spending"), (("apicall", "receipt_long"), ("budget", "savings"), ("workspace", "tune"))),
    (
        _("Activity"),
        (
            ("conversation", "forum"),
            ("project", "folder"),
            ("share", "share"),
            ("feedback", "thumbs_up_down"),
        ),
    ),
    # What one looks up when something went wrong. It is folded until one of its pages is open.
    (
        DIAGNOSTICS,
        (
            ("turn", "sync_alt"),
            ("message", "chat"),
            ("toolcall", "build"),
            ("frame", "deployed_code"),
            ("turnevent", "stream"),
            ("budgetperiod", "donut_large"),
            ("promptrevision", "history"),
            ("attachment", "attach_file"),
            ("memoryentry", "psychology"),
            ("mcpgrant", "passkey"),
            ("mfa.authenticator", "lock"),
        ),
    ),
)


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of links for this user, in the format that the theme expects."""
    from django.contrib import admin  # noqa: PLC0415 - the site does not exist while settings name this module

    visible = {
        model._meta.label_lower: options.opts.verbose_name_plural
        for model, options in admin.site._registry.items()
        if options.has_module_permission(request) and options.has_view_permission(request)
    }
    return [
        {
            "title": title,
            "separator": False,
            "collapsible": title is DIAGNOSTICS,
            "items": [
                {
                    "title": capfirst(str(visible[label])),
                    "icon": icon,
                    "link": _list_url(label),
                }
                for label, icon in ((_label(name), icon) for name, icon in rows)
                if label in visible
            ],
        }
        for title, rows in SECTIONS
    ]


def _label(name: str) -> str:
    return name if "." in name else f"chat.{name}"


def _list_url(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")
