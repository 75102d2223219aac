"""A mail server on loopback that takes letters, refuses them, or accepts a connection and says nothing."""

import socketserver
import threading
from typing import Any


class MailServer:
    """Takes letters into `letters` while `with` lasts; `refusal` answers one command instead, if it is set."""

    def __init__(self, refusal: str = "", *, command: bytes = b"RCPT", silent: bool = False) -> None:
        self.letters: list[str] = []
        self._release = threading.Event()
        outer = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                if silent:
                    outer._release.wait(60)
                    return
                self._say("220 loopback")
                while line := self.rfile.readline():
                    match line.split()[0].upper():
                        case name if refusal and name == command:
                            self._say(refusal)
                        case b"DATA":
                            self._say("354 go on")
                            outer.letters.append("".join(self._lines()))
                            self._say("250 taken")
                        case b"QUIT":
                            self._say("221 bye")
                            return
                        case _:
                            self._say("250 fine")

            def _say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

            def _lines(self) -> Any:
                while (line := self.rfile.readline()) != b".\r\n":
                    yield line.decode()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "MailServer":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
