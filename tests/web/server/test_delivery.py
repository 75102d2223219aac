"""Compression of finished answers: what is packed, what never is, and pages that no cache may keep."""

import gzip
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory

from chat.models import User
from chat.web.server.delivery import LONG_BYTES, SHORTEST_BYTES, DeliveryMiddleware

TEXT = "<p>words that come again</p>" * 200


def answered(response: Any, **request: Any) -> Any:
    method, path = request.pop("method", "get"), request.pop("path", "/")
    request.setdefault("HTTP_ACCEPT_ENCODING", "gzip, deflate, br")
    return DeliveryMiddleware(lambda _request: response)(getattr(RequestFactory(), method)(path, **request))


@pytest.mark.parametrize(
    "kind",
    ["text/html; charset=utf-8", "application/json", "application/problem+json", "text/csv", "image/svg+xml"],
)
def test_text_is_compressed(kind: str) -> None:
    answer = answered(HttpResponse(TEXT, content_type=kind, headers={"ETag": '"x"'}))
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content).decode() == TEXT
    assert int(answer.headers["Content-Length"]) == len(answer.content) < len(TEXT) / 5
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["ETag"] == 'W/"x"'


@pytest.mark.parametrize(
    ("response", "request_"),
    [
        (HttpResponse(TEXT), {"HTTP_ACCEPT_ENCODING": ""}),
        (HttpResponse(TEXT), {"HTTP_ACCEPT_ENCODING": "br, gzip;q=0"}),
        (HttpResponse(TEXT), {"HTTP_ACCEPT_ENCODING": "gzipped"}),
        (HttpResponse(TEXT[: SHORTEST_BYTES - 1]), {}),
        (HttpResponse(TEXT, content_type="image/png"), {}),
        (HttpResponse(TEXT, content_type="application/pdf"), {}),
        (HttpResponse(TEXT, status=206), {}),
        (HttpResponse(TEXT, headers={"Content-Encoding": "br"}), {}),
        (StreamingHttpResponse([TEXT.encode()], content_type="text/event-stream"), {}),
        (StreamingHttpResponse([TEXT.encode()], content_type="text/html"), {}),
    ],
    ids=["none", "refused", "other", "short", "png", "pdf", "range", "packed", "events", "stream"],
)
def test_what_stays_as_it_is(response: Any, request_: dict[str, str]) -> None:
    answer = answered(response, **request_)
    assert answer.headers.get("Content-Encoding", "br") == "br"
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert content.decode() in TEXT


@pytest.mark.parametrize(
    ("cookies", "method", "path", "compressed"),
    [
        ("parley_session=x", "get", "/", True),
        ("parley_session=x", "head", "/", True),
        ("parley_session=x", "get", "/sidebar?q=guess", False),
        ("parley_session=x", "post", "/", False),
        ("", "get", "/api/v1/conversations?limit=50", True),
        ("", "post", "/api/v1/extract", True),
    ],
)
def test_what_may_repeat_a_strangers_words_is_not_compressed(
    cookies: str, method: str, path: str, compressed: bool
) -> None:
    answer = answered(HttpResponse(TEXT), HTTP_COOKIE=cookies, method=method, path=path)
    assert answer.has_header("Content-Encoding") is compressed
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_the_same_page_has_different_sizes() -> None:
    assert len({len(answered(HttpResponse(TEXT)).content) for _ in range(50)}) > 5


@pytest.mark.parametrize("size", [LONG_BYTES // 2, LONG_BYTES * 2])
async def test_an_asynchronous_server_compresses_too(size: int) -> None:
    async def answer(_request: Any) -> HttpResponse:
        return HttpResponse("x" * size)

    request = AsyncRequestFactory().get("/", headers={"Accept-Encoding": "gzip"})
    done: Any = await DeliveryMiddleware(answer)(request)  # type: ignore[misc]
    assert gzip.decompress(done.content) == b"x" * size


@pytest.mark.django_db
def test_the_chat_page_leaves_compressed(client: Client, insider: User) -> None:
    client.force_login(insider)
    plain = client.get("/")
    packed = client.get("/", HTTP_ACCEPT_ENCODING="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(packed.content)
    assert len(packed.content) < len(plain.content) / 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["login/", "email/", "2fa/", "2fa/totp/activate/", "2fa/recovery-codes/", "password/reset/"]
)
def test_no_cache_keeps_a_page_of_an_account(client: Client, insider: User, page: str) -> None:
    if page not in {"login/", "password/reset/"}:
        client.force_login(insider)
    assert client.get(f"/accounts/{page}").headers["Cache-Control"] == "no-store"
