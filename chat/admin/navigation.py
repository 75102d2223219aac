"""The admin's sidebar: links to the tables that the user may see."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

SECTIONS = (
    (
        _("Assistants"),
        (("assistant", "smart_toy"), ("systemprompt", "description")),
    ),
    (_("Tools"), (("tooldefinition", "build"), ("mcpserver", "dns"), ("mcpgrant", "passkey"))),
    (
        _("Models & providers"),
        (("providerconnection", "hub"), ("languagemodel", "neurology"), ("modelprice", "sell")),
    ),
    (_("Spending"), (("budget", "savings"), ("budgetperiod", "donut_large"), ("workspace", "tune"))),
    (
        _("Activity"),
        (
            ("apicall", "receipt_long"),
            ("conversation", "forum"),
            ("turn", "sync_alt"),
            ("message", "chat"),
            ("toolcall", "build"),
            ("attachment", "attach_file"),
        ),
    ),
    (_("Diagnostics"), (("frame", "deployed_code"), ("turnevent", "stream"), ("promptrevision", "history"))),
    (
        _("People"),
        (("user", "person"), ("auth.group", "groups"), ("apikey", "key"), ("mfa.authenticator", "lock")),
    ),
)

# Models of other packages without a translated name.
TITLES = {"mfa.authenticator": _("second factors")}


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of links for this user, in the format that the theme expects."""
    from django.contrib import admin  # noqa: PLC0415 - the site does not exist while settings name this module

    visible = {
        model._meta.label_lower: model._meta.verbose_name_plural
        for model, options in admin.site._registry.items()
        if options.has_module_permission(request) and options.has_view_permission(request)
    }
    return [
        {
            "title": title,
            "separator": False,
            "collapsible": False,
            "items": [
                {
                    "title": capfirst(str(TITLES.get(label, visible[label]))),
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
