"""Reading a request's JSON body within limits, so that a small body can't cause much work."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.parser import Parser

from chat.api.problems import Problem, too_large
from chat.claude.encoding.client_json import LONGEST_BYTES, read_client_json
from chat.claude.encoding.text import clean_text

# No valid body has this many fields; each unknown field would cause its own error.
MOST_MEMBERS = 64
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def read_body(request: HttpRequest) -> None:
    """Read the body once, up to the limit, regardless of Content-Length, into `request.body`.

    Raises:
        Problem: 413 too large, 415 not JSON.
    """
    if request.method not in WITH_BODY:
        return
    body = request.read(LONGEST_BYTES + 1)
    if len(body) > LONGEST_BYTES:
        raise too_large(LONGEST_BYTES)
    if body and request.content_type != "application/json":
        raise Problem(415, "not_json", _("Send JSON with “Content-Type: application/json”."))
    request._body = body


class JSONParser(Parser):
    """Parse each body as one JSON object."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            value = read_client_json(request.body)
        except ValueError as error:
            raise Problem(
                400, "malformed", _("The body is not valid JSON: %(error)s") % {"error": error}
            ) from None
        if not isinstance(value, dict):
            raise Problem(422, "invalid", _("The body must be a JSON object."))
        if len(value) > MOST_MEMBERS:
            raise Problem(422, "invalid", _("The body has too many fields."))
        return {
            name: clean_text(member) if isinstance(member, str) else member for name, member in value.items()
        }
