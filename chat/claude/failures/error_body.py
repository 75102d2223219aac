"""Reads the body of an error, of the Messages API or of whatever answers in its place.

Bodies are cut before they are parsed: an upstream chooses how long they are, and what they repeat.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chat.claude.failures.context_overflow import ContextOverflow, read_overflow
from chat.claude.failures.safe_text import BODY_LIMIT, cut_text, without_markup

NAME_LIMIT = 120
_PAGE_BEGINS = ("<!doctype", "<html", "<head", "<body", "<?xml", "<script", "<meta", "<!--")
_CACHE_TEXTS = ("cache_control", "cache control", "extra inputs")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of an error's body that Parley looks at; `text` has at most `safe_text.TEXT_LIMIT` characters.

    `status` is the HTTP status that a gateway wrote into the body. `has_error` says that there is an `error` object,
    as in the bodies of APIs, and `is_json` that the body is a JSON object at all.
    """

    error_type: str | None
    code: str | None
    text: str
    request_id: str | None = None
    status: int | None = None
    overflow: ContextOverflow | None = None
    has_error: bool = False
    is_json: bool = False
    is_page: bool = False

    @property
    def names_cache_control(self) -> bool:
        """Whether the text is about cache breakpoints, or about fields that the server does not know."""
        lowered = self.text.lower()
        return any(words in lowered for words in _CACHE_TEXTS)

    @property
    def is_no_api(self) -> bool:
        """Whether a 404 with this body comes from a place without a Messages API, not from a model that is missing."""
        return not self.has_error and bool(self.text) and "model" not in self.text.lower()


def read_error(body: Any) -> ErrorBody:
    """Return what a body says; `body` is parsed JSON, or the text or bytes of something else."""
    parsed = _parsed(body)
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]  # Google wraps the error of a streaming request
    if not isinstance(parsed, Mapping):
        text = without_markup(parsed) if isinstance(parsed, str) else ""
        return ErrorBody(None, None, text, overflow=read_overflow(text, {}), is_page=_is_page(parsed))
    error = parsed.get("error")
    error_object = error if isinstance(error, Mapping) else {}
    if error_object:
        text = _text(error_object, "message")
    else:
        text = error if isinstance(error, str) else _text(parsed, "message") or _text(parsed, "detail")
    text = cut_text(text)
    return ErrorBody(
        error_type=_name(error_object, "type"),
        code=_name(error_object.get("details"), "error_code"),
        text=text,
        request_id=_name(parsed, "request_id"),
        status=_status(error_object.get("code"), parsed.get("code"), parsed.get("status")),
        overflow=read_overflow(text, error_object),
        has_error=isinstance(error, Mapping | str),
        is_json=True,
    )


def _parsed(body: Any) -> Any:
    if not isinstance(body, str | bytes):
        return body
    body = body[:BODY_LIMIT]
    text = body if isinstance(body, str) else body.decode(errors="replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _status(*codes: Any) -> int | None:
    return next((code for code in codes if type(code) is int and 400 <= code < 600), None)


def _name(part: Any, key: str) -> str | None:
    """Return a type, a code or an id."""
    return _text(part, key)[:NAME_LIMIT] or None


def _text(part: Any, key: str) -> str:
    value = part.get(key) if isinstance(part, Mapping) else None
    return value if isinstance(value, str) else ""


def _is_page(body: Any) -> bool:
    return isinstance(body, str) and body.lstrip("\ufeff \t\r\n")[:20].lower().startswith(_PAGE_BEGINS)
