"""Tags of the account pages, and a person's choices as attributes of every page."""

from typing import Any

from allauth.account.adapter import get_adapter
from django import template
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chat.models import User

register = template.Library()


@register.simple_tag
def signup_is_open(request: HttpRequest) -> bool:
    """Return whether new people may create an account themselves."""
    return bool(get_adapter(request).is_open_for_signup(request))


@register.inclusion_tag("settings/_link.html", takes_context=True)
def settings_link(context: template.Context, name: str, title: str, below: bool = False) -> dict[str, Any]:
    """Show the link to one page of the settings; with `below`, pages below its address belong to it."""
    address, path = reverse(name), context["request"].path
    return {"address": address, "title": title, "current": path == address or (below and address in path)}


@register.simple_tag(takes_context=True)
def page_choices(context: template.Context) -> SafeString | str:
    """Write the signed-in person's choices as attributes of <html>, so that they apply before the first paint.

    Only a person that the request has already read counts: a page about an error must not query.
    """
    found = vars(context["request"]) if "request" in context else {}
    person = found.get("_cached_user") or found.get("_acached_user")
    if not isinstance(person, User):
        return ""
    choices = {
        "theme": person.theme,
        "text-size": person.text_size,
        "send-key": person.send_key,
        "time-zone": person.time_zone,
    }
    chosen = format_html_join(
        "", ' data-{}="{}"', ((name, value) for name, value in choices.items() if value)
    )
    return format_html(' data-person="{}"{}', person.pk, chosen)
