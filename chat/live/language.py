"""The language of a socket: the person's choice, else the language cookie, else Accept-Language."""

import contextlib
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from chat.live.identity import cookie, header
from chat.models import User


def language_of(scope: Mapping[str, Any], user: User) -> str:
    """Return the code of a supported language."""
    asked = [
        user.language,
        cookie(scope, settings.LANGUAGE_COOKIE_NAME),
        *_accepted(header(scope, b"accept-language") or ""),
    ]
    for wanted in filter(None, asked):
        with contextlib.suppress(LookupError):
            return get_supported_language_variant(wanted)
    return settings.LANGUAGE_CODE


def _accepted(asked: str) -> list[str]:
    return [language for language, _quality in parse_accept_lang_header(asked.lower())]
