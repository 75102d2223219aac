"""What every page of a signed-in person has in common: who may ask, in which language and time zone, kept by nobody."""

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
    """A request of somebody who is signed in."""

    user: User


def person_page(*methods: str) -> Callable[[View], View]:
    """Let signed-in people in, by these methods; answers are never stored, not even by the browser.

    Somebody else is sent to sign in; a script's request (htmx, fetch) gets 401 and is told where to go.
    """

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            if request.user.is_authenticated and request.user.is_active:
                with _at_home(request):
                    response = view(request, *args, **kwargs)
            else:
                response = _sign_in(request)
            patch_cache_control(response, private=True, no_store=True)
            return response

        return wrapped

    return wrap


def own_conversation(request: PersonRequest, conversation_id: uuid.UUID) -> Conversation:
    """Return the conversation that an address names.

    Raises:
        Http404: there is none, or it is somebody else's.
    """
    found = access.find_conversation(request.user, conversation_id)
    if found is None:
        raise Http404
    return found


def _at_home(request: HttpRequest) -> timezone.override:
    """Speak the person's language for the rest of the request, and their browser's time zone inside the view."""
    language = getattr(request.user, "language", "")
    if language:
        translation.activate(language)
        request.LANGUAGE_CODE = language
    return timezone.override(_time_zone(request.COOKIES.get(TIME_ZONE_COOKIE, "")))


def _time_zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone, or no name of one at all
        return zoneinfo.ZoneInfo("UTC")


def _sign_in(request: Any) -> HttpResponse:
    if request.htmx or request.headers.get("Sec-Fetch-Dest") == "empty":
        return HttpResponse(status=401, headers={"HX-Redirect": resolve_url("account_login")})
    return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
