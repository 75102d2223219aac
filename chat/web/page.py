"""Shared parts of the pages for signed-in people: access, language, time zone, and no caching."""

import functools
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import resolve_url
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control

from chat import access
from chat.models import Conversation, User

TIME_ZONE_COOKIE = "parley_timezone"
View = Callable[..., HttpResponse]


class PersonRequest(HttpRequest):
    """A request of a signed-in person."""

    user: User


def person_page(*methods: str) -> Callable[[View], View]:
    """Return a decorator for pages of signed-in people with these methods. Responses are never cached.

    Others are redirected to the sign-in page. A script's request (htmx, fetch) gets 401 with its address.
    """

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if request.user.is_authenticated and request.user.is_active:
                with _localized(request):
                    response = view(request, *args, **kwargs)
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


def _localized(request: HttpRequest) -> timezone.override:
    """Activate the person's language for the rest of the request and the browser's time zone inside the view."""
    language = getattr(request.user, "language", "")
    if language:
        translation.activate(language)
        request.LANGUAGE_CODE = language
    return timezone.override(_time_zone(request.COOKIES.get(TIME_ZONE_COOKIE, "")))


def _time_zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # the zone does not exist, or the value is not a name
        return zoneinfo.ZoneInfo("UTC")


def _sign_in(request: Any) -> HttpResponse:
    if request.htmx or request.headers.get("Sec-Fetch-Dest") == "empty":
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url("account_login")})
    return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
