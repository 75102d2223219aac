"""The language of a socket: the person's own choice, the language cookie, then what the browser asks for."""

import contextlib
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from chat.models import User


def language_of(scope: Mapping[str, Any], user: User) -> str:
    """Return the code of a language that Parley speaks."""
    headers = {name: value.decode("latin-1") for name, value in scope.get("headers", ())}
    asked = [
        user.language,
        _cookie(headers.get(b"cookie", "")),
        *_accepted(headers.get(b"accept-language", "")),
    ]
    for wanted in filter(None, asked):
        with contextlib.suppress(LookupError):
            return get_supported_language_variant(wanted)
    return settings.LANGUAGE_CODE


def _cookie(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(settings.LANGUAGE_COOKIE_NAME)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _accepted(header: str) -> list[str]:
    return [language for language, _quality in parse_accept_lang_header(header.lower())]
