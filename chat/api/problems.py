"""Errors of the JSON API as `application/problem+json` (RFC 9457), with a stable `code` for programs.

The body contains nothing of the request, so that a foreign id and an unknown id get the same bytes.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from chat.models.catalogue.platforms import MB
from chat.operations.errors import OperationError, not_found

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
# Of thousands of wrong fields only the first few are reported.
ERRORS_TOLD = 20
NAME_LENGTH = 80


class Problem(Exception):
    """A request that is refused before an operation runs. `code` is stable, `detail` is translated."""

    def __init__(self, status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers or {}

    def response(self) -> HttpResponse:
        return problem(self.status, self.code, self.detail, headers=self.headers)


def problem(
    status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> HttpResponse:
    """Return the response. `more` has further fields, for instance errors=[{"field": "body.text", "message": "…"}]."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": str(detail),
        **more,
    }
    response = HttpResponse(orjson.dumps(body), status=status, content_type=MEDIA_TYPE, headers=headers)
    response["Cache-Control"] = "no-store"
    return response


def too_large(longest_bytes: int) -> Problem:
    words = _("The request is larger than %(most)s MB.") % {"most": longest_bytes // MB}
    return Problem(413, "too_large", words)


def unknown_address(_request: HttpRequest) -> HttpResponse:
    return _not_found()


def method_not_allowed(allowed: str) -> HttpResponse:
    detail = _("This address supports: %(methods)s.") % {"methods": allowed}
    return problem(405, "method_not_allowed", detail, headers={"Allow": allowed})


def register(api: NinjaAPI) -> None:
    """Register handlers that turn each exception of a view into a problem response."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        Problem: lambda _request, error: error.response(),
        OperationError: _refused,
        ValidationError: _invalid,
        AuthenticationError: _not_signed_in,
        HttpError: _http_error,
        Http404: lambda _request, _error: _not_found(),
        MultiPartParserError: _not_a_form,
        SuspiciousOperation: _not_a_form,
        OperationalError: _database_busy,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _refused(_request: HttpRequest, error: OperationError) -> HttpResponse:
    seconds = error.retry_after_seconds
    headers = None if seconds is None else {"Retry-After": str(seconds)}
    return problem(error.status, error.code, error.message, headers=headers)


def _not_found() -> HttpResponse:
    error = not_found()
    return problem(error.status, error.code, error.message)


def _not_signed_in(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return problem(
        401,
        "not_signed_in",
        _("Send a valid key as “Authorization: Bearer …”, or sign in."),
        headers={"WWW-Authenticate": 'Bearer realm="Parley"'},
    )


def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    """Return the response to an HTTP error. A problem of the parser is the cause of the framework's error."""
    cause = error.__cause__
    if isinstance(cause, Problem):
        return cause.response()
    return problem(error.status_code, "refused", str(error))


def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem(
        422,
        "invalid",
        _("Some fields of the request are missing, wrong or not supported."),
        errors=[
            {"field": _field(fault["loc"]), "message": _message(fault)}
            for fault in error.errors[:ERRORS_TOLD]
        ],
    )


def _field(location: tuple[Any, ...]) -> str:
    """Return the name of the field as the client sent it: ("body", "data", "text") -> "body.text"."""
    source, *path = [str(part)[:NAME_LENGTH] for part in location]
    return ".".join([source, *(path[1:] if source == "body" else path)])


def _message(fault: dict[str, Any]) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return _("This field is not supported.")
        case "missing":
            return _("This field is required.")
        case _:
            return str(fault["msg"])


def _not_a_form(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return problem(400, "malformed", _("The body is not a valid form with one file."))


def _database_busy(_request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("database_unavailable", exc_info=error)
    return problem(
        503, "unavailable", _("The database is busy or unreachable. Try again."), headers={"Retry-After": "2"}
    )


def _failed(_request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("api_failed", exc_info=error)
    return problem(500, "failed", _("Something went wrong. The error was logged. Try again later."))
