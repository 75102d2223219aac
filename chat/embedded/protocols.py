"""uvicorn's protocols with limits: on the head of a request, on the time that it takes, and on clients that don't read.

httptools has no limit of its own: one header that never ends would be kept in memory as long as it grows. The limits
hold before any byte reaches the application. Give uvicorn these classes with `--http` and `--ws`.
"""

import asyncio
from typing import Any

from config.lean_imports import import_without

uvicorn = import_without("uvicorn", "watchfiles")  # which would restart the server when its code changes

from uvicorn.protocols.http.httptools_impl import (  # noqa: E402 - see above
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol  # noqa: E402

LONGEST_HEAD_BYTES = 65_536
MOST_HEADERS = 100
HEAD_SECONDS = 30.0
# A client that takes less than this of a full buffer in this time is gone, or holds memory on purpose.
DEAF_SECONDS, DEAF_SOCKET_SECONDS, DEAF_BYTES = 20.0, 60.0, 4096

TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 37\r\nconnection: close\r\n\r\nThe head of the request is too large\n"
)


class DropsDeafClients:
    """Ends a connection whose client stopped reading while the server has more to send."""

    transport: asyncio.Transport
    deaf_seconds = DEAF_SECONDS
    _deaf_timer: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        self._await_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._forget_reader()
        super().resume_writing()  # type: ignore[misc]

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_reader()
        super().connection_lost(exc)  # type: ignore[misc]

    def _await_reader(self, waiting_bytes: int) -> None:
        self._forget_reader()
        loop = asyncio.get_running_loop()
        self._deaf_timer = loop.call_later(self.deaf_seconds, self._check_reader, waiting_bytes)

    def _check_reader(self, waiting_bytes: int) -> None:
        still = self.transport.get_write_buffer_size()
        if still > waiting_bytes - DEAF_BYTES:
            # Not closed in order: that would wait for the client to take what it does not take.
            self.transport.abort()
        else:
            self._await_reader(still)

    def _forget_reader(self) -> None:
        if self._deaf_timer is not None:
            self._deaf_timer.cancel()
            self._deaf_timer = None


class HttpProtocol(DropsDeafClients, HttpToolsProtocol):
    """HTTP/1.1 with a limit on what the parser may take without passing on a head or a piece of a body."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = self._kept_bytes = 0
        self._passed_on = self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_over():
            return
        self._passed_on = False
        super().data_received(data)
        if self._is_over():
            return
        # Counted by chunks: trailers and chunk extensions can grow without end, as the head can.
        self._kept_bytes = 0 if self._passed_on else self._kept_bytes + len(data)
        if self._kept_bytes > LONGEST_HEAD_BYTES:
            self._refuse()
        elif self._is_idle() and self.timeout_keep_alive_task is None:
            self._expect_head()

    def handle_websocket_upgrade(self) -> None:
        if not self._over:
            self._over = True  # the connection belongs to the other protocol now
            super().handle_websocket_upgrade()

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer, which nothing reads
        self._head_bytes += len(name) + len(value)
        if len(self.headers) <= MOST_HEADERS:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._passed_on, self._in_head = True, False
        self._end_head()
        if self._head_bytes > LONGEST_HEAD_BYTES or len(self.headers) > MOST_HEADERS:
            self._refuse()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._passed_on = True
        if not self._over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._passed_on = True
        if not self._over:
            super().on_message_complete()

    def _is_over(self) -> bool:
        """Return whether the rest of what comes is not for this protocol."""
        return self._over

    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # declared without None, which it begins as
        return cycle is None or cycle.response_complete

    def _expect_head(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.transport.close)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self) -> None:
        """Answer 431, unless another answer is under way, and close."""
        self._over = True
        self._end_head()
        if not self.transport.is_closing():
            if self._is_idle():
                self.transport.write(TOO_LARGE)
            self.transport.close()


class SocketProtocol(DropsDeafClients, WebSocketsSansIOProtocol):
    """WebSockets. The head of the request that opens one has passed HttpProtocol.

    Parley closes a socket that is too slow after 15 seconds; its client has time to read the close frame.
    """

    deaf_seconds = DEAF_SOCKET_SECONDS
