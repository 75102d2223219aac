"""What the account pages ask beyond their own forms."""

from allauth.account.adapter import get_adapter
from django import template
from django.http import HttpRequest

register = template.Library()


@register.simple_tag
def signup_is_open(request: HttpRequest) -> bool:
    """Say whether strangers may make an account, so that closed doors are not advertised."""
    return bool(get_adapter(request).is_open_for_signup(request))
