"""The address of a shared conversation."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from chat.models import Share


def share_address(request: HttpRequest, share: Share) -> str:
    """Return the link of a share with its host; "" when its token can't be read any more."""
    if not share.token:
        return ""
    path = reverse("shared", args=[share.token])
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
