"""Shared parts of the pages for signed-in people: access, language, time zone, and no caching."""

import functools
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import patch_cache_control
from django_htmx.middleware import HtmxDetails

from chat import access
from chat.models import Conversation, User
from chat.operations.accounts.sessions import note_use
from chat.presentation.localization import localized, person_zone

UTC = zoneinfo.ZoneInfo("UTC")
_LARGEST_NUMBER = 2**31 - 1
View = Callable[..., HttpResponseBase]


class PersonRequest(HttpRequest):
    """A request of a signed-in person."""

    user: User
    htmx: HtmxDetails


def person_page(*methods: str) -> Callable[[View], View]:
    """Return a decorator for pages of signed-in people with these methods. Responses are never cached.

    Others are redirected to the sign-in page. A script's request (htmx, fetch) gets 401 with its address.
    """

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if request.user.is_authenticated and request.user.is_active:
                _note_use(request)
                with localized(request, person_zone(request) or UTC):
                    response: HttpResponseBase = view(request, *args, **kwargs)
            else:
                response = _sign_in(request)
            patch_cache_control(response, private=True, no_store=True)
            return response

        return wrapped

    return wrap


def own_conversation(request: PersonRequest, conversation_id: uuid.UUID) -> Conversation:
    """Return the conversation with this id.

    Raises:
        Http404: it does not exist, or it belongs to another person.
    """
    found = access.find_conversation(request.user, conversation_id)
    if found is None:
        raise Http404
    return found


def number_in(request: HttpRequest, name: str) -> int | None:
    """Return a number of the query; None for what is none."""
    written = request.GET.get(name, "")
    known = written.isascii() and written.isdigit() and len(written) <= 10
    return min(int(written), _LARGEST_NUMBER) if known else None


def _note_use(request: Any) -> None:
    """Remember where and when this session was used last, for the person's own list."""
    note_use(
        user=request.user,
        session_key=request.session.session_key,
        address=get_adapter(request).get_client_ip(request),
        user_agent=request.headers.get("User-Agent", ""),
    )


def _sign_in(request: Any) -> HttpResponse:
    if request.htmx or request.headers.get("Sec-Fetch-Dest") == "empty":
        return HttpResponse(status=401)  # a script of an open page, which leads to the sign-in itself
    return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
