"""An upstream that speaks HTTP by hand over real sockets: what it sends, and when it hangs up, a test decides."""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from tests.world.provider_stub import Asked, answer

EVENTS = answer(Asked("POST", "/v1/messages", {}, {"stream": True})).body
LABEL = b"content-type: text/event-stream\r\n"


def head(*fields: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return status + b"\r\n" + LABEL + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


GOOD = head(b"content-length: %d" % len(EVENTS)) + EVENTS


class Line:
    """One connection, from the server's side."""

    def __init__(self, line: socket.socket, number: int) -> None:
        self.line, self.number = line, number
        self._read = b""

    def read_head(self) -> bytes:
        """Read the head of the next request.

        Raises:
            EOFError: the client has hung up.
        """
        while b"\r\n\r\n" not in self._read:
            self._more()
        told, _, self._read = self._read.partition(b"\r\n\r\n")
        return told

    def read_request(self) -> None:
        length = re.search(rb"content-length: (\d+)", self.read_head(), re.IGNORECASE)
        self.read_body(int(length[1]) if length else 0)

    def read_body(self, size: int) -> None:
        while len(self._read) < size:
            self._more()
        self._read = self._read[size:]

    def _more(self) -> None:
        more = self.line.recv(65536)
        if not more:
            raise EOFError
        self._read += more

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.line.sendall(part)

    def reset(self) -> None:
        """Close with RST, so that what is under way is lost."""
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class RawUpstream:
    """A server inside a `with` block; `serve` handles each connection, which is closed when it returns."""

    def __init__(self, serve: Callable[[Line], Any]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0

    def __enter__(self) -> "RawUpstream":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(
                    target=self._handle, args=(Line(line, self.connections),), daemon=True
                ).start()

    def _handle(self, line: Line) -> None:
        with line.line, contextlib.suppress(OSError, EOFError):
            self._serve(line)
