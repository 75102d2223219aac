"""Tags of the account pages."""

from allauth.account.adapter import get_adapter
from django import template
from django.http import HttpRequest

register = template.Library()


@register.simple_tag
def signup_is_open(request: HttpRequest) -> bool:
    """Return whether new people may create an account themselves."""
    return bool(get_adapter(request).is_open_for_signup(request))
