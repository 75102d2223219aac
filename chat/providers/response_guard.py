"""Cleans what an upstream answers before the SDK or anything else reads it: a hook of the HTTP client.

Headers lose the connection's secrets. The body of an error or a redirect is cut and loses them too; an answer's body
passes untouched, because a hook would cost time with every delta. The two kinds of clients need two shells.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import httpx2

from chat.claude.failures.redaction import Redactor
from chat.claude.failures.safe_text import BODY_LIMIT

# What requests sign in with. Amazon's signature is no secret: it is valid for one request.
_KEYS = ("x-api-key", "api-key", "x-amz-security-token")
_SCHEMES = ("bearer", "basic")
# The headers that are read, logged or shown.
_READ = ("request-id", "x-amzn-requestid", "apim-request-id", "x-amzn-errortype", "location")


class ResponseGuard:
    """The hooks for the clients of one connection."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor

    def sync_hook(self, response: httpx2.Response) -> None:
        """Clean a response of a synchronous client."""
        if self._begin(response):
            original = _unread(response)
            response.stream = _SyncBody(original, self.redactor)
            _forget_encoding(response)

    async def async_hook(self, response: httpx2.Response) -> None:
        """Clean a response of an asynchronous client."""
        if self._begin(response):
            original = _unread(response)
            response.stream = _AsyncBody(original, self.redactor)
            _forget_encoding(response)

    def _begin(self, response: httpx2.Response) -> bool:
        """Clean the headers; return whether the body has to be cleaned too."""
        sent = response.request.headers
        scheme, _, token = sent.get("authorization", "").partition(" ")
        if scheme.lower() in _SCHEMES:
            self.redactor.learn(token)
        for name in _KEYS:
            self.redactor.learn(sent.get(name, ""))
        for name in _READ:
            if name in response.headers:
                response.headers[name] = self.redactor.clean(response.headers[name])
        return response.status_code >= 300


def _unread(response: httpx2.Response) -> httpx2.Response:
    """Return the same response, to read its decoded body from."""
    return httpx2.Response(
        response.status_code, headers=response.headers, stream=response.stream, request=response.request
    )


def _forget_encoding(response: httpx2.Response) -> None:
    for name in ("content-encoding", "content-length"):
        response.headers.pop(name, None)


def _cleaned(body: bytes, redactor: Redactor) -> bytes:
    return redactor.clean(body[:BODY_LIMIT].decode(errors="replace")).encode()


class _SyncBody(httpx2.SyncByteStream):
    def __init__(self, original: httpx2.Response, redactor: Redactor) -> None:
        self._original, self._redactor = original, redactor

    def __iter__(self) -> Iterator[bytes]:
        body = b""
        for chunk in self._original.iter_bytes():
            body += chunk
            if len(body) >= BODY_LIMIT:
                break
        yield _cleaned(body, self._redactor)

    def close(self) -> None:
        self._original.close()


class _AsyncBody(httpx2.AsyncByteStream):
    def __init__(self, original: httpx2.Response, redactor: Redactor) -> None:
        self._original, self._redactor = original, redactor

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = b""
        async with contextlib.aclosing(self._original.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) >= BODY_LIMIT:
                    break
        yield _cleaned(body, self._redactor)

    async def aclose(self) -> None:
        await self._original.aclose()
