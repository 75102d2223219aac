"""One HTTP exchange over ASGI: the parsed request and the connection on which the response is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from chat.simulator.transport.wire import ApiError, Headers, ascii_headers

MAX_BODY_BYTES = 32 * 1024 * 1024

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection before the response was complete."""


@dataclass(slots=True)
class Request:
    """Method, path below the mount point, query values and lower-case headers of one request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    answer_headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, scope: Scope, prefix: str) -> "Request":
        """Return the request of an ASGI scope; `prefix` is removed from its path."""
        path = scope["path"]
        for mounted in (scope.get("root_path", "").rstrip("/"), prefix.rstrip("/")):
            if mounted and (path == mounted or path.startswith(mounted + "/")):
                path = path[len(mounted) :]
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return cls(scope["method"], path.rstrip("/") or "/", query, headers)

    @property
    def key(self) -> str:
        """Return the API key of either header; empty without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        return self.headers.get("x-api-key", "").strip() or bearer

    @property
    def betas(self) -> tuple[str, ...]:
        written = self.headers.get("anthropic-beta", "")
        return tuple(beta.strip() for beta in written.split(",") if beta.strip())


class Connection:
    """The connection to one client: reads the body, sends the response, and detects that the client disconnects."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._watcher: asyncio.Task[None] | None = None
        self._sleeper: asyncio.Future[None] | None = None
        self._gone = False
        self.started = False

    async def read(self) -> bytes:
        """Return the complete body.

        Raises:
            ApiError: 413, the body is above 32 MB (it is read to its end first).
            ClientGone: the client closed the connection.
        """
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            size += len(message.get("body", b""))
            if size <= MAX_BODY_BYTES:
                chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                break
        if size > MAX_BODY_BYTES:
            raise ApiError(413, "Request exceeds the maximum size")
        return b"".join(chunks)

    async def start(self, status: int, headers: dict[str, str]) -> None:
        """Send status and headers."""
        lines: Headers = ascii_headers(headers)
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": lines})

    async def write(self, data: bytes) -> None:
        """Send a part of the body.

        Raises:
            ClientGone: the client closed the connection.
        """
        self._watch()
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        await asyncio.sleep(0)  # lets the watcher and the other streams run
        if self._gone:
            raise ClientGone

    async def finish(self, data: bytes = b"") -> None:
        """Send the last part of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def pause(self, seconds: float) -> None:
        """Wait for `seconds`.

        Raises:
            ClientGone: the client closed the connection; raised at once.
        """
        self._watch()
        loop = asyncio.get_running_loop()
        self._sleeper = loop.create_future()
        timer = loop.call_later(seconds, _wake, self._sleeper)
        try:
            if not self._gone:
                await self._sleeper
        finally:
            timer.cancel()
        if self._gone:
            raise ClientGone

    def reset(self) -> None:
        """Abort the TCP connection if the server gives access to it (uvicorn). Other servers cut it on return."""
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()

    def close(self) -> None:
        """Stop watching for a disconnect."""
        if self._watcher:
            self._watcher.cancel()

    def _watch(self) -> None:
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._wait_for_disconnect())

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self._sleeper:
            _wake(self._sleeper)


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
