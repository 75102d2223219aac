"""Reading a request's JSON body within limits, so that a small body can't cause much work.

orjson refuses invalid JSON (NaN, numbers beyond a double, bad UTF-8) and nesting beyond 1,024 without recursion.
"""

import re
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.parser import Parser

from chat.api.problems import Problem, too_large
from chat.claude.text import clean_text

# No valid body has this many fields; each unknown field would cause its own error.
MOST_MEMBERS = 64
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Match one escape at a time, so that an escaped backslash before "ud800" is left alone. Pairs stay as they are.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.S,
)


def read_body(request: HttpRequest) -> None:
    """Read the body once, up to the limit, regardless of Content-Length, into `request.body`.

    Raises:
        Problem: 413 too large, 415 not JSON.
    """
    if request.method not in WITH_BODY:
        return
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    body = request.read(limit + 1)
    if len(body) > limit:
        raise too_large(limit)
    if body and request.content_type != "application/json":
        raise Problem(415, "not_json", _("Send JSON with “Content-Type: application/json”."))
    request._body = body


class JSONParser(Parser):
    """Parse each body as one JSON object."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            value = orjson.loads(_without_lone_surrogates(request.body))
        except orjson.JSONDecodeError as error:
            raise Problem(
                400, "malformed", _("The body is not valid JSON: %(error)s") % {"error": error.msg}
            ) from None
        if not isinstance(value, dict):
            raise Problem(422, "invalid", _("The body must be a JSON object."))
        if len(value) > MOST_MEMBERS:
            raise Problem(422, "invalid", _("The body has too many fields."))
        return {
            name: clean_text(member) if isinstance(member, str) else member for name, member in value.items()
        }


def _without_lone_surrogates(body: bytes) -> bytes:
    """Replace escaped lone surrogates by U+FFFD, as pages and sockets do with text that can't be stored."""
    if b"\\u" not in body:
        return body
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["lone"] else found[0], body)
