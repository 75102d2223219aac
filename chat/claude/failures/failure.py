"""Failures of API calls, reduced to the kinds that Parley treats differently.

Error types, statuses and codes are those of the Messages API. A `Failure` is safe to log and to store: it
holds no key and no complete body. The interfaces choose the words for people by its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chat.claude.failures.context_overflow import ContextOverflow
from chat.claude.failures.error_body import NAME_LIMIT, ErrorBody, read_error
from chat.claude.failures.error_headers import origin_of, seconds_to_wait
from chat.claude.failures.safe_text import safe_message


class FailureKind(StrEnum):
    """The kinds of failure that change what Parley does or shows."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    PROXY = "proxy"
    CERTIFICATE = "certificate"
    REDIRECTED = "redirected"
    WRONG_ADDRESS = "wrong_address"
    WEB_PAGE = "web_page"
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
    NO_CONTENT = "no_content"
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
        FailureKind.PROXY,
        FailureKind.PROTOCOL,
        FailureKind.TRUNCATED,
        FailureKind.NO_CONTENT,
    }
)
# The address is wrong or out of reach until staff change something: a retry is useless, another connection is not.
OF_THE_ADDRESS = frozenset(
    {
        FailureKind.CERTIFICATE,
        FailureKind.REDIRECTED,
        FailureKind.WRONG_ADDRESS,
        FailureKind.WEB_PAGE,
    }
)
MAY_FAIL_OVER = RETRYABLE | OF_THE_ADDRESS


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt; `message` is technical English of at most 500 characters without secrets.

    `nothing_generated` says that the upstream surely began no answer, so that the attempt costs nothing. `unanswered`
    says that the connection ended before any response: the request may have arrived. `location` is the scheme and host
    that a redirect leads to. `overflow` is set for a request that the model's context is too small for,
    `refuses_cache_control` for one whose cache breakpoints were refused.
    """

    kind: FailureKind
    message: str
    retryable: bool
    retry_after_seconds: float | None = None
    status: int | None = None
    error_type: str | None = None
    error_code: str | None = None
    request_id: str | None = None
    nothing_generated: bool = False
    unanswered: bool = False
    location: str = ""
    overflow: ContextOverflow | None = None
    refuses_cache_control: bool = False


class CallFailed(Exception):
    """A call of a model failed; `failure` says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure(
    kind: FailureKind,
    message: str,
    *,
    request_id: str | None = None,
    nothing_generated: bool = False,
    unanswered: bool = False,
) -> Failure:
    """Return a failure without an error response (a lost connection, a timeout); its kind decides about retries."""
    return Failure(
        kind,
        safe_message(message),
        kind in RETRYABLE,
        request_id=request_id,
        nothing_generated=nothing_generated,
        unanswered=unanswered,
    )


def from_response(
    status: int, body: Any, headers: Mapping[str, str], *, now: datetime | None = None
) -> Failure:
    """Return the failure that an HTTP error response describes.

    `body` is the parsed JSON, or the text or bytes that a proxy sent instead. `now` (aware) converts a
    Retry-After date into seconds; without it such a date is ignored.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    if 300 <= status < 400:
        return _redirected(status, lowered)
    said = read_error(body)
    # Amazon names the error in a header: "ThrottlingException:http://…".
    error_type = said.error_type or lowered.get("x-amzn-errortype", "").partition(":")[0][:NAME_LIMIT] or None
    kind = _kind(status, error_type, said)
    if kind is FailureKind.NOT_FOUND and error_type is None and said.is_no_api:
        kind = FailureKind.WRONG_ADDRESS
    return Failure(
        kind=kind,
        message=safe_message(said.text) or f"HTTP {status} without a body",
        retryable=_is_retryable(kind, lowered.get("x-should-retry")),
        retry_after_seconds=seconds_to_wait(lowered, now),
        status=status,
        error_type=error_type,
        error_code=said.code,
        request_id=request_id_of(headers) or said.request_id,
        overflow=said.overflow,
        refuses_cache_control=status in (400, 422) and said.names_cache_control,
    )


def from_other_answer(body: Any, *, request_id: str | None = None) -> Failure:
    """Return the failure of a response with status 200 that holds no answer of a model. Nothing was generated.

    `body` is the parsed JSON, or the text or bytes of something else: sign-in pages and portals answer with 200.
    """
    said = read_error(body)
    kind = FailureKind.PROTOCOL
    if said.is_page:
        kind = FailureKind.WEB_PAGE
    elif said.has_error:
        known = _kind(said.status, said.error_type, said)
        kind = kind if known is FailureKind.UNKNOWN else known
    return Failure(
        kind,
        safe_message(said.text) or "JSON that is no message",
        # What has no kind of its own would most likely come again.
        retryable=kind in RETRYABLE and kind is not FailureKind.PROTOCOL,
        error_type=said.error_type,
        error_code=said.code,
        request_id=request_id or said.request_id,
        nothing_generated=True,
        overflow=said.overflow,
        refuses_cache_control=said.has_error and said.names_cache_control,
    )


def _redirected(status: int, headers: Mapping[str, str]) -> Failure:
    location = origin_of(headers.get("location", ""))
    return Failure(
        FailureKind.REDIRECTED,
        f"redirect to {location}" if location else "redirect within the same host",
        retryable=False,
        status=status,
        request_id=request_id_of(headers),
        location=location,
    )


def _is_retryable(kind: FailureKind, hint: str | None) -> bool:
    # The header overrides the kind, except for spend limits and addresses, where a retry is useless.
    if hint in ("true", "false") and kind is not FailureKind.SPEND_LIMIT and kind not in OF_THE_ADDRESS:
        return hint == "true"
    return kind in RETRYABLE


def request_id_of(headers: Mapping[str, str]) -> str:
    """Return the upstream's id of the request, "" if it sent none."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return next((lowered[name][:NAME_LIMIT] for name in _REQUEST_IDS if lowered.get(name)), "")


def from_error_event(event: Mapping[str, Any], request_id: str | None = None) -> Failure:
    """Return the failure of an `error` event inside a stream.

    The HTTP status was 200, so only the event's type decides the kind.
    """
    said = read_error(event)
    kind = _kind(None, said.error_type, said)
    return Failure(
        kind=kind,
        message=safe_message(said.text) or "error event without a message",
        retryable=kind in RETRYABLE,
        error_type=said.error_type,
        error_code=said.code,
        request_id=request_id or said.request_id,
        overflow=said.overflow,
        refuses_cache_control=said.names_cache_control,
    )


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
_SPEND_TEXT = "you have reached your specified api usage limits"


def _kind(status: int | None, error_type: str | None, said: ErrorBody) -> FailureKind:
    if said.text.lower().startswith(_SPEND_TEXT):
        return FailureKind.SPEND_LIMIT
    if said.code in _BY_CODE:
        return _BY_CODE[said.code]
    if said.overflow is not None and said.overflow.output_tokens is None:
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
