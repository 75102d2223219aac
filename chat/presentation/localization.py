"""The language and the time zone in which a person reads pages."""

import contextlib
import zoneinfo
from collections.abc import Iterator

from django.http import HttpRequest
from django.utils import timezone, translation

TIME_ZONE_COOKIE = "parley_timezone"  # set by the browser's code


def person_zone(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """Return the time zone that the signed-in person chose, else the browser's; None if neither is known."""
    return _zone(getattr(request.user, "time_zone", "")) or browser_zone(request)


def browser_zone(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """Return the time zone that the browser named; None without one, or for a name that does not exist."""
    return _zone(request.COOKIES.get(TIME_ZONE_COOKIE, ""))


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


@contextlib.contextmanager
def localized(request: HttpRequest, zone: zoneinfo.ZoneInfo) -> Iterator[None]:
    """Activate the person's language for the rest of the request, and a time zone inside the block."""
    language = getattr(request.user, "language", "")
    if language:
        translation.activate(language)
        request.LANGUAGE_CODE = language
    with timezone.override(zone):
        yield
