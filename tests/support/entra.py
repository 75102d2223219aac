"""Microsoft Entra ID on loopback: login.microsoftonline.com over TLS behind a proxy, and a machine's identity endpoint.

Libraries reach the first by its real name: HTTPS_PROXY leads here, and the certificate of this server is trusted.
"""

import dataclasses
import datetime as dt
import json
import ssl
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiohttp import connector
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "login.microsoftonline.com"
HEADER = "identity-header-of-the-tests"


@dataclasses.dataclass(frozen=True, slots=True)
class TokenRequest:
    """One request for a token: the host that was asked ("" for the machine's endpoint), path and fields."""

    host: str
    path: str
    fields: dict[str, str]


class Entra:
    """The server while `with` lasts. `asked` are requests for tokens; the n-th is answered with "entra-token-n"."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "entra.pem"
        self._tls = _server_side_tls(self.certificate)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.forget()

    def forget(self) -> None:
        self.asked: list[TokenRequest] = []
        self.status, self.lifetime_seconds = 200, 3600

    def __enter__(self) -> "Entra":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def variables(self) -> dict[str, str]:
        """Return the environment that leads the libraries here."""
        # aiohttp reads the machine's trusted certificates once, when it is imported.
        connector._SSL_CONTEXT_VERIFIED.load_verify_locations(self.certificate)
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.url)
        return {**proxies, "REQUESTS_CA_BUNDLE": str(self.certificate), "NO_PROXY": "", "no_proxy": ""}

    def answer(self, request: TokenRequest) -> tuple[int, dict[str, Any]]:
        if request.path.endswith("/.well-known/openid-configuration"):
            here = f"https://{HOST}/a-tenant"
            addresses = {
                f"{name}_endpoint": f"{here}/oauth2/v2.0/{name}" for name in ("token", "authorization")
            }
            return 200, {"issuer": f"{here}/v2.0"} | addresses
        self.asked.append(request)
        if self.status != 200:
            words = "AADSTS7000215: Invalid client secret provided: a-private-word"
            return self.status, {"error": "invalid_client", "error_description": words}
        token = {"access_token": f"entra-token-{len(self.asked)}", "token_type": "Bearer"}
        if request.host:
            return 200, token | {"expires_in": self.lifetime_seconds}
        ends_at = int(time.time()) + self.lifetime_seconds
        return 200, token | {"resource": request.fields["resource"], "expires_on": str(ends_at)}

    def _handler(entra) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            host = ""

            def do_CONNECT(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.host, self.close_connection = self.path, False
                self.connection = entra._tls.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

            def do_GET(self) -> None:
                path, _, query = self.path.partition("?")
                header = self.headers.get("x-identity-header")
                self._say(
                    TokenRequest(self.host, path, _fields(query) | ({"header": header} if header else {}))
                )

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["content-length"])).decode()
                self._say(TokenRequest(self.host, self.path, _fields(content)))

            def _say(self, request: TokenRequest) -> None:
                status, said = entra.answer(request)
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def finish(self) -> None:
                super().finish()
                self.connection.close()

            def log_message(self, *words: object) -> None:
                """Requests are kept, not printed."""

        return Handler


def _fields(text: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(text))


def _server_side_tls(file: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = file.with_suffix(".key")
    secret.write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    secret.unlink()
    return context
