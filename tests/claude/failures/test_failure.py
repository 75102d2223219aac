import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.failures.failure import (
    MAY_FAIL_OVER,
    failure,
    from_error_event,
    from_other_answer,
    from_response,
    request_id_of,
)
from chat.claude.failures.failure import FailureKind as K
from chat.claude.failures.safe_text import safe_message
from tests.claude.strategies import values


def body(kind: str, message: str = "what happened", code: str | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"type": kind, "message": message}
    if code:
        error["details"] = {"error_code": code}
    return {"type": "error", "error": error, "request_id": "req_body"}


@pytest.mark.parametrize(
    ("status", "error_type", "kind", "retryable"),
    [
        (400, "invalid_request_error", K.INVALID_REQUEST, False),
        (401, "authentication_error", K.AUTHENTICATION, False),
        (402, "billing_error", K.BILLING, False),
        (403, "permission_error", K.PERMISSION, False),
        (404, "not_found_error", K.NOT_FOUND, False),
        (408, "timeout_error", K.TIMEOUT, True),
        (409, "conflict_error", K.UNAVAILABLE, True),
        (412, None, K.INVALID_REQUEST, False),
        (413, "request_too_large", K.TOO_LARGE, False),
        (422, "invalid_request_error", K.INVALID_REQUEST, False),
        (431, None, K.INVALID_REQUEST, False),
        (429, "rate_limit_error", K.RATE_LIMITED, True),
        (499, None, K.CANCELLED, False),
        (500, "api_error", K.UNAVAILABLE, True),
        (501, None, K.UNAVAILABLE, True),
        (503, None, K.UNAVAILABLE, True),
        (504, "timeout_error", K.TIMEOUT, True),
        (529, "overloaded_error", K.OVERLOADED, True),
        (500, "overloaded_error", K.OVERLOADED, True),
        (401, "invalid_request_error", K.AUTHENTICATION, False),
        (400, "billing_error", K.BILLING, False),
        (418, "novel_error", K.INVALID_REQUEST, False),
        (302, None, K.REDIRECTED, False),
    ],
)
def test_every_status_has_a_failure_kind(
    status: int, error_type: str | None, kind: K, retryable: bool
) -> None:
    found = from_response(status, body(error_type) if error_type else None, {"Request-Id": "req_1"})
    assert (found.kind, found.retryable, found.status) == (kind, retryable, status)
    assert (found.error_type, found.request_id) == (error_type, "req_1")
    without_type = "redirect within the same host" if status < 400 else f"HTTP {status} without a body"
    assert found.message == ("what happened" if error_type else without_type)
    bare = from_response(status, {}, {})
    assert not bare.request_id
    assert bare.retry_after_seconds is None


@pytest.mark.parametrize(
    ("status", "error_type", "code"),
    [
        (429, "rate_limit_error", "enforced_spend_limit_reached"),
        (429, "rate_limit_error", "contract_spend_limit_reached"),
        (402, "billing_error", "linked_organization_spend_limit_reached"),
    ],
)
def test_spend_limits_are_never_retried(status: int, error_type: str, code: str) -> None:
    found = from_response(status, body(error_type, code=code), {"x-should-retry": "true"})
    assert (found.kind, found.retryable, found.error_code) == (K.SPEND_LIMIT, False, code)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "You have reached your specified API usage limits. You will regain access …", K.SPEND_LIMIT),
        (400, "prompt is too long: 1000001 tokens > 1000000 maximum", K.CONTEXT_FULL),
        (400, "input length and `max_tokens` exceed context limit: 1 + 2 > 2", K.CONTEXT_FULL),
        (400, "messages.0: all messages must have non-empty content", K.INVALID_REQUEST),
    ],
)
def test_kinds_are_recognised_by_message(status: int, message: str, kind: K) -> None:
    found = from_response(status, body("invalid_request_error", message), {})
    assert (found.kind, found.retryable) == (kind, False)


def test_ramp_limit_and_decoded_size() -> None:
    ramp = from_response(429, body("rate_limit_error", code="ramp_limit_exceeded"), {})
    assert (ramp.kind, ramp.retryable) == (K.RATE_LIMITED, True)
    size = from_response(413, body("request_too_large", code="request_body_too_large_after_decoding"), {})
    assert size.kind is K.TOO_LARGE


@pytest.mark.parametrize(
    ("hint", "status", "retryable"),
    [("true", 400, True), ("false", 529, False), ("maybe", 529, True), ("maybe", 400, False)],
)
def test_should_retry_overrides(hint: str, status: int, retryable: bool) -> None:
    assert from_response(status, None, {"X-Should-Retry": hint}).retryable is retryable


NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "now", "seconds"),
    [
        ({"retry-after": "90"}, None, 90),
        ({"Retry-After": "1.5"}, None, 1.5),
        ({"retry-after-ms": "250", "retry-after": "90"}, None, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "3"}, None, 3),
        ({"retry-after": "-4"}, None, 0),
        ({"retry-after": "inf"}, None, None),
        ({"retry-after": "nan"}, NOW, None),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, NOW, 30),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, NOW, 0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, None, None),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 -0000"}, NOW, None),
        ({"retry-after": "tomorrow"}, NOW, None),
        ({}, NOW, None),
    ],
)
def test_retry_after(headers: dict[str, str], now: datetime | None, seconds: float | None) -> None:
    assert from_response(429, None, headers, now=now).retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (json.dumps(body("api_error", "parsed text")), "parsed text"),
        (json.dumps(body("api_error", "parsed bytes")).encode(), "parsed bytes"),
        (
            "<html><style>p{}</style><title>502 Bad Gateway</title><h1>nginx</h1></html>",
            "502 Bad Gateway nginx",
        ),
        (b"\xff upstream gone", "\ufffd upstream gone"),
        ("[" * 100_000, "[" * 499 + "…"),
        ({"error": "plain"}, "plain"),
        ({"detail": "not here"}, "not here"),
        ({"message": "odd"}, "odd"),
        ({"error": {"message": 5}}, "HTTP 502 without a body"),
        ([1], "HTTP 502 without a body"),
        (None, "HTTP 502 without a body"),
        ("", "HTTP 502 without a body"),
    ],
)
def test_bodies_of_other_services_are_readable(raw: Any, message: str) -> None:
    found = from_response(502, raw, {})
    assert (found.kind, found.message) == (K.UNAVAILABLE, message)


def test_the_request_id_may_be_in_the_body() -> None:
    assert from_response(500, body("api_error"), {}).request_id == "req_body"
    assert from_error_event(body("api_error")).request_id == "req_body"


@pytest.mark.parametrize(
    ("error_type", "kind", "retryable"),
    [
        ("overloaded_error", K.OVERLOADED, True),
        ("api_error", K.UNAVAILABLE, True),
        ("rate_limit_error", K.RATE_LIMITED, True),
        ("timeout_error", K.TIMEOUT, True),
        ("invalid_request_error", K.INVALID_REQUEST, False),
        ("authentication_error", K.AUTHENTICATION, False),
        ("exceed_context_size_error", K.CONTEXT_FULL, False),
        ("novel_error", K.UNKNOWN, False),
    ],
)
def test_error_events(error_type: str, kind: K, retryable: bool) -> None:
    found = from_error_event(body(error_type), "req_2")
    assert (found.kind, found.retryable, found.status, found.request_id) == (kind, retryable, None, "req_2")


def test_empty_error_event_is_a_failure() -> None:
    found = from_error_event({"type": "error"})
    assert (found.kind, found.message) == (K.UNKNOWN, "error event without a message")


@pytest.mark.parametrize(
    ("kind", "retryable"), [(K.CONNECTION, True), (K.TRUNCATED, True), (K.CANCELLED, False)]
)
def test_failures_without_a_response(kind: K, retryable: bool) -> None:
    made = failure(kind, "reset by peer", request_id="req_3")
    assert (made.kind, made.message, made.retryable, made.request_id) == (
        kind,
        "reset by peer",
        retryable,
        "req_3",
    )


@pytest.mark.parametrize(
    "text",
    [
        "invalid x-api-key: SECRETSECRET",
        'headers {"x-api-key": "SECRETSECRET"}',
        "key sk-ant-api03-SECRETSECRET was refused",
        "Authorization: Bearer SECRETSECRET",
        "credential AKIASECRETSECRET99 expired",
        "token eyJhbGciOi.SECRETSECRET.sig expired",
    ],
)
def test_messages_contain_no_secrets(text: str) -> None:
    assert "SECRETSECRET" in text
    assert "SECRETSECRET" not in safe_message(text)
    assert "[secret]" in safe_message(text)


def test_messages_are_one_short_line() -> None:
    assert safe_message("a\n\tb\x00  c") == "a b\ufffd c"
    assert len(safe_message("x" * 10_000)) == 500


@given(st.integers(100, 599), values, st.dictionaries(st.text(max_size=5), st.text(max_size=5)))
def test_every_answer_gives_a_failure(status: int, raw: Any, headers: dict[str, str]) -> None:
    for found in (from_response(status, raw, headers), from_error_event({"type": "error", "error": raw})):
        assert found.message
        assert len(found.message) <= 500


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (429, "ThrottlingException", K.RATE_LIMITED),
        (400, "ServiceQuotaExceededException", K.RATE_LIMITED),
        (429, "ModelNotReadyException:http://internal.amazon.com/coral/", K.UNAVAILABLE),
        (424, "ModelErrorException", K.UNAVAILABLE),
        (408, "ModelTimeoutException", K.TIMEOUT),
        (403, "AccessDeniedException", K.PERMISSION),
        (403, "UnrecognizedClientException", K.AUTHENTICATION),
        (403, "ExpiredTokenException", K.AUTHENTICATION),
        (400, "ValidationException", K.INVALID_REQUEST),
        (404, "ResourceNotFoundException", K.NOT_FOUND),
        (403, "NovelException", K.PERMISSION),
    ],
)
def test_amazon_names_its_errors_in_a_header(status: int, name: str, kind: K) -> None:
    headers = {"X-Amzn-ErrorType": name, "x-amzn-RequestId": "amzn-1"}
    found = from_response(status, '{"message": "what happened"}', headers)
    assert (found.kind, found.message, found.request_id) == (kind, "what happened", "amzn-1")
    assert found.error_type == name.partition(":")[0]


def test_an_amazon_exception_inside_a_stream() -> None:
    event = {"type": "error", "error": {"type": "throttlingException", "message": "Too many"}}
    assert from_error_event(event).kind is K.RATE_LIMITED


def test_google_wraps_the_error_of_a_stream_in_a_list() -> None:
    said = [{"error": {"code": 429, "message": "what happened", "status": "RESOURCE_EXHAUSTED"}}]
    assert from_response(429, said, {}).message == "what happened"
    assert from_response(429, json.dumps(said), {}).kind is K.RATE_LIMITED
    assert from_response(429, [], {}).kind is K.RATE_LIMITED


def test_request_ids_of_all_platforms() -> None:
    for name in ("Request-Id", "x-amzn-RequestId", "apim-request-id"):
        assert request_id_of({name: "id-1"}) == "id-1"
    assert request_id_of({"x-other": "id-1"}) == ""


PAGE = "<!doctype html><title>Sign in</title>"


@pytest.mark.parametrize(
    ("raw", "kind", "retryable"),
    [
        (PAGE, K.WEB_PAGE, False),
        (PAGE.encode(), K.WEB_PAGE, False),
        ("\ufeff <HTML>", K.WEB_PAGE, False),
        ("Service starting", K.PROTOCOL, False),
        (b"", K.PROTOCOL, False),
        ({"error": {"type": "overloaded_error"}}, K.OVERLOADED, True),
        ({"error": {"code": 503, "message": "down"}}, K.UNAVAILABLE, True),
        ({"error": {"code": "503", "message": "down"}}, K.PROTOCOL, False),
        ({"error": "gone", "status": 429}, K.RATE_LIMITED, True),
        ({"status": 429}, K.PROTOCOL, False),
        ([1, 2], K.PROTOCOL, False),
    ],
)
def test_other_answers_cost_nothing(raw: Any, kind: K, retryable: bool) -> None:
    found = from_other_answer(raw, request_id="req_4")
    assert (found.kind, found.retryable, found.nothing_generated) == (kind, retryable, True)
    assert found.message
    assert found.request_id == "req_4"


@pytest.mark.parametrize(
    ("location", "origin"),
    [
        ("https://user:secret@example.org:8443/v1?key=secret", "https://example.org:8443"),
        ("ftp://example.org", "https://example.org"),
        ("//example.org/x", "https://example.org"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("/elsewhere", ""),
        ("", ""),
        ("http://[", ""),
        ("http://example.org:port/", ""),
        ("http://exa mple.org/", ""),
    ],
)
def test_redirects_are_told_by_scheme_and_host(location: str, origin: str) -> None:
    found = from_response(307, PAGE, {"Location": location, "x-should-retry": "true"})
    assert (found.kind, found.retryable, found.location) == (K.REDIRECTED, False, origin)
    assert "secret" not in found.message


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (PAGE, K.WRONG_ADDRESS),
        ("404 page not found", K.WRONG_ADDRESS),
        ({"detail": "Not Found"}, K.WRONG_ADDRESS),
        ({"error": "no such thing"}, K.NOT_FOUND),
        ({"message": "The model `x` does not exist."}, K.NOT_FOUND),
        (None, K.NOT_FOUND),
        (body("not_found_error", "no"), K.NOT_FOUND),
    ],
)
def test_missing_api_is_told_from_a_missing_model(raw: Any, kind: K) -> None:
    assert from_response(404, raw, {}).kind is kind


@pytest.mark.parametrize(
    ("status", "text", "refused"),
    [
        (400, "system.0.cache_control: Extra inputs are not permitted", True),
        (422, "Extra inputs are not permitted", True),
        (400, "Prompt caching: too many cache control blocks", True),
        (500, "cache_control", False),
        (400, "messages: at least one message is required", False),
    ],
)
def test_refused_cache_control_is_recognised(status: int, text: str, refused: bool) -> None:
    assert from_response(status, body("invalid_request_error", text), {}).refuses_cache_control is refused


def test_known_failures_can_say_that_nothing_was_generated() -> None:
    assert failure(K.PROTOCOL, "no stream", nothing_generated=True).nothing_generated
    assert not failure(K.PROTOCOL, "broken").nothing_generated
    assert K.CERTIFICATE in MAY_FAIL_OVER
    assert K.INVALID_REQUEST not in MAY_FAIL_OVER
