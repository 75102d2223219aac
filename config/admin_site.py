"""The admin site: its sign-in uses the account pages, which enforce two-factor sign-in, and it has its own CSP."""

import functools
from collections.abc import Callable
from typing import Any

from allauth.account.decorators import secure_admin_login
from csp.constants import NONCE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from chat.models import Workspace
from chat.presentation.localization import localized, person_zone

# The admin's pages evaluate attributes as expressions (Alpine, htmx) and have style attributes. Nothing else is
# relaxed: scripts and requests stay on this origin, and inline scripts still need the nonce.
CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL, NONCE],
    "style-src": [SELF, UNSAFE_INLINE],
}


def _in_readers_zone(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view show times in the time zone of the reader's browser, or else of the workspace."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with localized(request, person_zone(request) or Workspace.current().zone):
            response: HttpResponse = view(request, *args, **kwargs)
            # Templates are rendered here, because the zone does not outlast this block.
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return wrapped


class Site(UnfoldAdminSite):
    index_title = _("Overview")

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        return csp_replace(CONTENT_SECURITY_POLICY)(_in_readers_zone(super().admin_view(view, cacheable)))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the words of static/chat/admin/accessible.js."""
        words = {
            "menu": _("Show or hide the menu"),
            "close": _("Close the menu"),
            "actions": _("Actions"),
            "search": _("Search"),
        }
        return {
            **super().each_context(request),
            "browser_words": {name: str(text) for name, text in words.items()},
        }

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect anonymous people to the account pages, and refuse people who are not staff."""
        return secure_admin_login(self._to_index)(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        logout(request)
        return redirect_to_login(reverse("admin:index"))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def _to_index(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:index")
