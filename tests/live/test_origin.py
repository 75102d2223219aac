"""Origins that may open a socket with a cookie: the same as for Django's forms."""

from typing import Any

import pytest

from chat.live.identity import origin_allowed

PROXY = ("HTTP_X_FORWARDED_PROTO", "https")


def scope(
    origin: str | None, *, scheme: str = "ws", host: str = "parley.test", **more: str
) -> dict[str, Any]:
    headers = {"host": host, **({"origin": origin} if origin is not None else {}), **more}
    encoded = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {
        "type": "websocket",
        "scheme": scheme,
        "path": "/ws/chat/",
        "query_string": b"",
        "headers": encoded,
    }


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["parley.test"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://exact.test", "https://*.wild.test"]
    settings.SECURE_PROXY_SSL_HEADER = None


@pytest.mark.parametrize(
    ("scheme", "origin", "allowed"),
    [
        ("ws", "http://parley.test", True),
        ("wss", "https://parley.test", True),
        ("wss", "http://parley.test", False),
        ("ws", "https://parley.test", False),
        ("wss", "https://parley.test:8443", False),
        ("wss", "https://exact.test", True),
        ("wss", "http://exact.test", False),
        ("wss", "https://a.wild.test", True),
        ("wss", "https://a.b.wild.test", True),
        ("wss", "http://a.wild.test", False),
        ("wss", "https://evilwild.test", False),
        ("wss", "null", False),
        ("wss", "https://[:::1", False),
        ("wss", "", False),
        ("wss", None, False),
    ],
)
def test_origin_check_matches_the_csrf_check(scheme: str, origin: str | None, allowed: bool) -> None:
    assert origin_allowed(scope(origin, scheme=scheme)) is allowed


@pytest.mark.parametrize("forwarded", [{}, {"x_forwarded_proto": "http"}, {"x_forwarded_proto": "https"}])
def test_behind_tls_a_plain_socket_is_refused(settings: Any, forwarded: dict[str, str]) -> None:
    settings.HTTPS, settings.SECURE_PROXY_SSL_HEADER = True, PROXY
    secure = forwarded.get("x_forwarded_proto") == "https"
    assert not origin_allowed(scope("http://parley.test", **forwarded))
    assert origin_allowed(scope("https://parley.test", **forwarded)) is secure
    assert origin_allowed(scope("https://exact.test", **forwarded)) is secure


def test_unknown_host_makes_no_origin_valid() -> None:
    assert not origin_allowed(scope("http://evil.test", host="evil.test"))


def test_scheme_of_the_proxy_counts(settings: Any) -> None:
    through = {"x_forwarded_proto": "https"}
    assert not origin_allowed(scope("https://parley.test", **through))
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    assert origin_allowed(scope("https://parley.test", **through))
    assert not origin_allowed(scope("http://parley.test", **through))


def test_api_key_needs_no_origin() -> None:
    assert origin_allowed(scope(None, authorization="Bearer x"))
