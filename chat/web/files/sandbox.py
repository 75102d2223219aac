"""The documents of sandboxed frames: diagrams are drawn in one, and pages that an answer holds are shown in the other.

Both have no origin (`sandbox` without allow-same-origin), so that they reach neither cookies nor the page around them,
and a policy that allows no request. The policy is sent here and not by the frame's element: a document that is made on
the page would have the page's own policy, which forbids its scripts.
"""

import secrets
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

_CLOSED = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts"
)
_NO_FEATURES = ", ".join(
    f"{name}=()"
    for name in (
        "camera",
        "clipboard-read",
        "clipboard-write",
        "display-capture",
        "geolocation",
        "microphone",
        "payment",
        "usb",
    )
)


@require_safe
@xframe_options_sameorigin
def diagram(request: HttpRequest) -> HttpResponse:
    """Return the frame that draws diagrams. Only its own two scripts run in it."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"{_CLOSED}; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; img-src data:; font-src data:"
    )
    return _framed(render(request, "chat/sandbox/diagram.html", {"nonce": nonce}), policy)


@require_safe
@xframe_options_sameorigin
def preview(request: HttpRequest) -> HttpResponse:
    """Return the frame that shows a page of an answer, which gets its content by a message.

    Scripts and styles of that page run. Whatever they load has to be in the page itself.
    """
    inline = "'unsafe-inline' 'unsafe-eval' data: blob:"
    policy = (
        f"{_CLOSED}; script-src {inline}; style-src 'unsafe-inline' data: blob:; img-src data: blob:; "
        "font-src data: blob:; media-src data: blob:"
    )
    # Parley's own script is written into the document: the policy can't allow files of this server to strangers.
    return _framed(render(request, "chat/sandbox/preview.html", {"script": _script()}), policy)


@cache
def _script() -> str:
    return (settings.BASE_DIR / "static" / "chat" / "classic" / "preview_frame.js").read_text(
        encoding="utf-8"
    )


def _framed(response: HttpResponse, policy: str) -> HttpResponse:
    response["Content-Security-Policy"] = policy
    response["X-DNS-Prefetch-Control"] = "off"
    response["Referrer-Policy"] = "no-referrer"
    response["Permissions-Policy"] = _NO_FEATURES
    response["Cache-Control"] = "private, no-store"
    return response
