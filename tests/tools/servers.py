"""Real servers for the tests of tools.

An MCP server of the SDK, one behind the SDK's own sign-in, a webhook receiver that checks signatures with the library,
and hostile hosts.
"""

import asyncio
import gzip
import json
import secrets
import socket
import threading
import time
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any

import mcp_types
import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    RefreshToken,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from standardwebhooks import Webhook, WebhookVerificationError

from tests.support.asgi import read_body

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PIXEL = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\nIDATx\x9cc\x00\x01\x00\x00\x05\x00\x01\r\n-\xb4\x00\x00\x00\x00IEND\xaeB`\x82"
)

BOMB = gzip.compress(b"\0" * 20_000_000, 9)  # 20 kB that decompress to 20 MB


class Served:
    """An application served from a thread inside a `with` block; it has its own address."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(make(self.url), log_level="error", access_log=False, ws="none")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],), daemon=True)

    def __enter__(self) -> "Served":
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.005)
            assert self.thread.is_alive(), "the server did not start"
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(10)
        self.socket.close()


def mcp_server(**options: Any) -> MCPServer:
    """A server with tools that add, draw, fail, answer without end, and hang."""
    server = MCPServer("shop", log_level="CRITICAL", **options)

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    @server.tool()
    def draw() -> Image:
        """Draw a point."""
        return Image(data=PIXEL, format="png")

    @server.tool()
    def fail() -> str:
        """Fail with words."""
        raise ToolError("out of stock")

    @server.tool(structured_output=False)
    def mixed() -> Any:
        """Return a bit of everything."""
        return [
            mcp_types.EmbeddedResource(
                type="resource",
                resource=mcp_types.TextResourceContents(uri="shop://terms", text="No returns."),
            ),
            mcp_types.EmbeddedResource(
                type="resource", resource=mcp_types.BlobResourceContents(uri="shop://song", blob="AAAA")
            ),
            mcp_types.ResourceLink(type="resource_link", name="list", uri="https://shop.example.test/list"),
            mcp_types.AudioContent(type="audio", data="AAAA", mime_type="audio/wav"),
            mcp_types.ImageContent(type="image", data="AAAA", mime_type="image/png"),
        ]

    @server.tool()
    def crash() -> str:
        """Fail without words."""
        raise RuntimeError("password=hunter2 at /srv/shop.py")

    @server.tool()
    def shout(times: int) -> str:
        """Return a long text."""
        return "long " * times

    @server.tool()
    async def wait() -> str:
        """Take too long."""
        await asyncio.sleep(3600)
        return "late"

    return server


class Gate:
    """The state of an authorization server; `expires_in` is the lifetime of new access tokens in seconds."""

    def __init__(self) -> None:
        self.clients: dict[str, OAuthClientInformationFull] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.access: dict[str, AccessToken] = {}
        self.refresh: dict[str, RefreshToken] = {}
        self.expires_in = 3600
        self.refreshed = 0
        self.on_unknown: Callable[[], None] | None = None  # called for an unknown refresh token

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        code = AuthorizationCode(
            code=secrets.token_hex(16),
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=True,
            resource=params.resource,
        )
        self.codes[code.code] = code
        return construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state)

    async def load_authorization_code(self, client: Any, authorization_code: str) -> AuthorizationCode | None:
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(
        self, client: Any, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        del self.codes[authorization_code.code]
        return self._issue(client.client_id, authorization_code.resource)

    async def load_refresh_token(self, client: Any, refresh_token: str) -> RefreshToken | None:
        if refresh_token not in self.refresh and self.on_unknown is not None:
            await asyncio.to_thread(self.on_unknown)
        return self.refresh.get(refresh_token)

    async def exchange_refresh_token(
        self, client: Any, refresh_token: RefreshToken, scopes: Any
    ) -> OAuthToken:
        del self.refresh[refresh_token.token]
        self.refreshed += 1
        return self._issue(client.client_id, None)

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self.access.get(token)

    async def revoke_token(self, token: Any) -> None:
        self.access.pop(token.token, None)

    def _issue(self, client_id: str, resource: str | None) -> OAuthToken:
        access, refresh = secrets.token_hex(16), secrets.token_hex(16)
        self.access[access] = AccessToken(token=access, client_id=client_id, scopes=[], resource=resource)
        self.refresh[refresh] = RefreshToken(token=refresh, client_id=client_id, scopes=[])
        return OAuthToken(access_token=access, refresh_token=refresh, expires_in=self.expires_in)


def gated(gate: Gate, url: str) -> Any:
    """The MCP server behind a sign-in: discovery, registration, authorization and tokens are the SDK's own."""
    settings = AuthSettings(
        issuer_url=url,  # type: ignore[arg-type]
        resource_server_url=f"{url}/mcp",  # type: ignore[arg-type]
        validate_token_resource=False,
        client_registration_options=ClientRegistrationOptions(enabled=True),
    )
    server = mcp_server(auth=settings, auth_server_provider=gate)
    return server.streamable_http_app(host="0.0.0.0")  # noqa: S104 - only means that no Host header is refused


class Receiver:
    """A webhook receiver that checks each request with the library and responds with `answer`."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.refused = 0
        self.answer: tuple[int, str, bytes] = (200, "application/json", b'{"content": "42 in stock"}')

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, kind, answer = self.answer
        try:
            self.seen.append({"body": Webhook(SECRET).verify(body, headers), "headers": headers})
        except WebhookVerificationError:
            self.refused += 1
            status, kind, answer = 401, "text/plain", b"bad signature"
        await reply(send, status, answer, [(b"content-type", kind.encode())])


class Hostile:
    """A hostile host; the path selects its behaviour.

    `hits` counts requests; `ended` is set when the client gave up on a slow response.
    """

    def __init__(self) -> None:
        self.hits: list[str] = []
        self.ended = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        self.hits.append(path)
        if path.startswith("/redirect/"):
            target = urllib.parse.unquote(scope["query_string"].decode())
            await reply(send, int(path.rsplit("/", 1)[1]), b"", [(b"location", target.encode())])
        elif path == "/big":
            await reply(send, 200, b"x" * 10_000_000)
        elif path == "/bomb":
            await reply(send, 200, BOMB, [(b"content-encoding", b"gzip")])
        elif path == "/broken-gzip":
            await reply(send, 200, b"this is no gzip", [(b"content-encoding", b"gzip")])
        elif path == "/brotli":
            await reply(send, 200, b"?", [(b"content-encoding", b"br")])
        elif path == "/gzip":
            await reply(send, 200, gzip.compress(b"small"), [(b"content-encoding", b"gzip")])
        elif path == "/deflate":
            await reply(send, 200, zlib.compress(b"small"), [(b"content-encoding", b"deflate")])
        elif path == "/slow":
            await self._drip(receive, send)
        elif path == "/mcp-big":
            await reply(send, 200, b'{"x": "' + b"y" * 10_000_000, [(b"content-type", b"application/json")])
        elif path == "/mcp-events":
            head = [(b"content-type", b"text/event-stream")]
            await reply(send, 200, b": nothing\n\n" * 1_000_000, head)
        else:
            await reply(send, 500, b"Traceback: /srv/secret.py line 3", [(b"content-type", b"text/plain")])

    async def _drip(self, receive: Any, send: Any) -> None:
        """Send one byte every few milliseconds for ever, so that no read times out."""
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
        )
        await receive()
        gone = asyncio.ensure_future(receive())
        while not gone.done():
            await send({"type": "http.response.body", "body": b".", "more_body": True})
            await asyncio.wait([gone], timeout=0.005)
        self.ended.set()


async def reply(
    send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    size = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*(headers or []), *size]})
    await send({"type": "http.response.body", "body": body})


def sent(value: Any) -> bytes:
    return json.dumps(value).encode()
