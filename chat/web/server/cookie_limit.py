"""Refuses requests with too many cookies before anything parses them.

Python before 3.11.10 and 3.12.6 takes time with the square of a quoted cookie's length (CVE-2024-7592), so one request
of 120 kB held a process for 15 s. Browsers limit a cookie to 4 kB, and Parley sets a few short ones.
"""

from typing import Any

LONGEST_COOKIES_BYTES = 8192
WORDS = b"The cookies of this request are too large. Delete the cookies of this site.\n"
_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", str(len(WORDS)).encode()),
    (b"connection", b"close"),
]


class CookieLimit:
    """An ASGI application that wraps another: requests, and those that open a socket, get 431 above the limit."""

    def __init__(self, app: Any, longest_bytes: int = LONGEST_COOKIES_BYTES) -> None:
        self._app, self._longest = app, longest_bytes

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        cookies = sum(len(value) for name, value in scope.get("headers", ()) if name.lower() == b"cookie")
        if cookies <= self._longest:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 431, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": WORDS})
