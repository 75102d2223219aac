"""Failures of API calls, reduced to the kinds that Parley treats differently.

Error types, statuses and codes are those of the Messages API. A `Failure` is safe to log and to store: it
holds no key and no complete body. The interfaces choose the words for people by its kind.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from math import isfinite
from typing import Any

MESSAGE_LIMIT = 500


class FailureKind(StrEnum):
    """The kinds of failure that change what Parley does or shows."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    BILLING = "billing"
    SPEND_LIMIT = "spend_limit"
    NOT_FOUND = "not_found"
    INVALID_REQUEST = "invalid_request"
    TOO_LARGE = "too_large"
    CONTEXT_FULL = "context_full"
    PROTOCOL = "protocol"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


RETRYABLE = frozenset(
    {
        FailureKind.RATE_LIMITED,
        FailureKind.OVERLOADED,
        FailureKind.UNAVAILABLE,
        FailureKind.TIMEOUT,
        FailureKind.CONNECTION,
        FailureKind.PROTOCOL,
        FailureKind.TRUNCATED,
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt; `message` is technical English of at most 500 characters without secrets."""

    kind: FailureKind
    message: str
    retryable: bool
    retry_after_seconds: float | None = None
    status: int | None = None
    error_type: str | None = None
    error_code: str | None = None
    request_id: str | None = None


def failure(kind: FailureKind, message: str, *, request_id: str | None = None) -> Failure:
    """Return a failure without a response (a lost connection, a timeout); its kind decides whether it is retryable."""
    return Failure(kind, safe_message(message), kind in RETRYABLE, request_id=request_id)


def from_response(
    status: int, body: Any, headers: Mapping[str, str], *, now: datetime | None = None
) -> Failure:
    """Return the failure that an HTTP error response describes.

    `body` is the parsed JSON, or the text or bytes that a proxy sent instead. `now` (aware) converts a
    Retry-After date into seconds; without it such a date is ignored.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    parsed = _parsed(body)
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]  # Google wraps the error of a streaming request
    error_type, code, text = _error_fields(parsed)
    # Amazon names the error in a header: "ThrottlingException:http://…".
    error_type = error_type or lowered.get("x-amzn-errortype", "").partition(":")[0] or None
    kind = _kind(status, error_type, code, text)
    retryable = kind in RETRYABLE
    hint = lowered.get("x-should-retry")
    # The header overrides the kind, except for spend limits, where a retry is useless.
    if hint in ("true", "false") and kind is not FailureKind.SPEND_LIMIT:
        retryable = hint == "true"
    return Failure(
        kind=kind,
        message=safe_message(text or _stripped(parsed) or f"HTTP {status} without a body"),
        retryable=retryable,
        retry_after_seconds=_retry_after(lowered, now),
        status=status,
        error_type=error_type,
        error_code=code,
        request_id=request_id_of(headers) or _string(parsed, "request_id"),
    )


def request_id_of(headers: Mapping[str, str]) -> str:
    """Return the upstream's id of the request, "" if it sent none."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return next((lowered[name] for name in _REQUEST_IDS if lowered.get(name)), "")


def from_error_event(event: Mapping[str, Any], request_id: str | None = None) -> Failure:
    """Return the failure of an `error` event inside a stream.

    The HTTP status was 200, so only the event's type decides the kind.
    """
    error_type, code, text = _error_fields(event)
    kind = _kind(None, error_type, code, text)
    return Failure(
        kind=kind,
        message=safe_message(text or "error event without a message"),
        retryable=kind in RETRYABLE,
        error_type=error_type,
        error_code=code,
        request_id=request_id or _string(event, "request_id"),
    )


_SECRETS = re.compile(
    r"\bsk-[\w-]{6,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|\b(?:bearer|basic)\s+[\w+/=.~-]{6,}|\b(?:x-)?api[-_]?key[\"']?\s*[:=]\s*[\"']?[^\s\"',}]+",
    re.IGNORECASE,
)


def safe_message(text: str) -> str:
    """Return the text with credentials replaced, white space joined, and at most 500 characters."""
    line = " ".join(_SECRETS.sub("[secret]", text.replace("\x00", "\ufffd")).split())
    return line if len(line) <= MESSAGE_LIMIT else line[: MESSAGE_LIMIT - 1] + "…"


_BY_CODE = {
    "enforced_spend_limit_reached": FailureKind.SPEND_LIMIT,
    "contract_spend_limit_reached": FailureKind.SPEND_LIMIT,
    "linked_organization_spend_limit_reached": FailureKind.SPEND_LIMIT,
    "request_body_too_large_after_decoding": FailureKind.TOO_LARGE,
}
_BY_TYPE = {
    "authentication_error": FailureKind.AUTHENTICATION,
    "billing_error": FailureKind.BILLING,
    "permission_error": FailureKind.PERMISSION,
    "not_found_error": FailureKind.NOT_FOUND,
    "timeout_error": FailureKind.TIMEOUT,
    "conflict_error": FailureKind.UNAVAILABLE,
    "request_too_large": FailureKind.TOO_LARGE,
    "rate_limit_error": FailureKind.RATE_LIMITED,
    "overloaded_error": FailureKind.OVERLOADED,
    "exceed_context_size_error": FailureKind.CONTEXT_FULL,  # sent by llama.cpp
    "api_error": FailureKind.UNAVAILABLE,
    "invalid_request_error": FailureKind.INVALID_REQUEST,
}
# Amazon's own names in lower case: errors of Bedrock and of the signature check before it.
_BY_AMAZON_TYPE = {
    "throttlingexception": FailureKind.RATE_LIMITED,
    "servicequotaexceededexception": FailureKind.RATE_LIMITED,
    "modelnotreadyexception": FailureKind.UNAVAILABLE,
    "internalserverexception": FailureKind.UNAVAILABLE,
    "serviceunavailableexception": FailureKind.UNAVAILABLE,
    "modelerrorexception": FailureKind.UNAVAILABLE,
    "modelstreamerrorexception": FailureKind.UNAVAILABLE,
    "modeltimeoutexception": FailureKind.TIMEOUT,
    "validationexception": FailureKind.INVALID_REQUEST,
    "accessdeniedexception": FailureKind.PERMISSION,
    "resourcenotfoundexception": FailureKind.NOT_FOUND,
    "expiredtokenexception": FailureKind.AUTHENTICATION,
    "incompletesignatureexception": FailureKind.AUTHENTICATION,
    "invalidsignatureexception": FailureKind.AUTHENTICATION,
    "missingauthenticationtokenexception": FailureKind.AUTHENTICATION,
    "unrecognizedclientexception": FailureKind.AUTHENTICATION,
}
_REQUEST_IDS = ("request-id", "x-amzn-requestid", "apim-request-id")
_BY_STATUS = {
    401: FailureKind.AUTHENTICATION,
    402: FailureKind.BILLING,
    403: FailureKind.PERMISSION,
    404: FailureKind.NOT_FOUND,
    408: FailureKind.TIMEOUT,
    409: FailureKind.UNAVAILABLE,
    413: FailureKind.TOO_LARGE,
    429: FailureKind.RATE_LIMITED,
    499: FailureKind.CANCELLED,
    504: FailureKind.TIMEOUT,
    529: FailureKind.OVERLOADED,
}
# These two types come with many statuses, so the status decides.
_VAGUE = frozenset({"api_error", "invalid_request_error"})
_MARKUP = re.compile(r"<(style|script)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_SPEND_TEXT = "you have reached your specified api usage limits"
_CONTEXT_TEXTS = ("prompt is too long", "exceed context limit", "exceeds the context window")


def _kind(status: int | None, error_type: str | None, code: str | None, text: str) -> FailureKind:
    lowered = text.lower()
    if lowered.startswith(_SPEND_TEXT):
        return FailureKind.SPEND_LIMIT
    if code in _BY_CODE:
        return _BY_CODE[code]
    if any(words in lowered for words in _CONTEXT_TEXTS):
        return FailureKind.CONTEXT_FULL
    if error_type in _BY_TYPE and error_type not in _VAGUE:
        return _BY_TYPE[error_type]
    if error_type and error_type.lower() in _BY_AMAZON_TYPE:
        return _BY_AMAZON_TYPE[error_type.lower()]
    if status is None:
        return _BY_TYPE.get(error_type or "", FailureKind.UNKNOWN)
    return _BY_STATUS.get(status) or _by_status_class(status)


def _by_status_class(status: int) -> FailureKind:
    if status >= 500:
        return FailureKind.UNAVAILABLE
    return FailureKind.INVALID_REQUEST if status >= 400 else FailureKind.UNKNOWN


def _parsed(body: Any) -> Any:
    if not isinstance(body, str | bytes):
        return body
    text = body if isinstance(body, str) else body.decode(errors="replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _error_fields(body: Any) -> tuple[str | None, str | None, str]:
    """Return type, code and message of an error body. Bodies of other formats give at least a message."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if isinstance(error, str):
        return None, None, error
    if not isinstance(error, Mapping):
        return None, None, _string(body, "message") or _string(body, "detail") or ""
    code = _string(error.get("details"), "error_code")
    return _string(error, "type"), code, _string(error, "message") or ""


def _string(body: Any, key: str) -> str | None:
    value = body.get(key) if isinstance(body, Mapping) else None
    return value if isinstance(value, str) and value else None


def _stripped(body: Any) -> str:
    # A proxy's HTML page: keep some of its text, without the markup.
    return _MARKUP.sub(" ", body[:4000]) if isinstance(body, str) else ""


def _retry_after(headers: Mapping[str, str], now: datetime | None) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None or now is None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(0.0, number) if isfinite(number) else None
