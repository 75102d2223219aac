"""Cookies are measured before anything parses them, for pages and for sockets."""

from typing import Any

import pytest

from chat.web.server.cookie_limit import CookieLimit
from config import asgi

QUADRATIC = b'a="' + b"\\a" * 60_000 + b'"'


async def sent(app: Any, kind: str, *cookies: bytes) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{kind}.connect" if kind == "websocket" else "http.request"}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    headers = [(b"host", b"localhost"), *((b"cookie", cookie) for cookie in cookies)]
    scope = {"type": kind, "path": "/healthz", "method": "GET", "headers": headers, "query_string": b""}
    await app(scope, receive, send)
    return told


async def reached(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "reached"})


@pytest.mark.parametrize("cookies", [(), (b"x" * 8192,), (b"x" * 4096, b"y" * 4096)])
async def test_usual_cookies_pass(cookies: tuple[bytes, ...]) -> None:
    for kind in ("http", "websocket"):
        assert await sent(CookieLimit(reached), kind, *cookies) == [{"type": "reached"}]


@pytest.mark.parametrize("cookies", [(b"x" * 8193,), (b"x" * 4097, b"y" * 4096), (QUADRATIC,)])
async def test_too_large_cookies_are_refused(cookies: tuple[bytes, ...]) -> None:
    start, body = await sent(CookieLimit(reached), "http", *cookies)
    assert start["status"] == 431
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()
    (closed,) = await sent(CookieLimit(reached), "websocket", *cookies)
    assert closed["type"] == "websocket.close"


async def test_the_application_stands_behind_the_limit() -> None:
    start, _body = await sent(asgi.application, "http", QUADRATIC)
    assert start["status"] == 431
