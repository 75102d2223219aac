"""The guard on outgoing requests: which addresses tools may call, and how large the responses may be.

Every connection is checked when it is made, including redirects and further requests: the name is resolved
once, every resolved address must be public, and the connection goes to one of these addresses. So neither
unusual spellings (decimal, octal, IPv4 in IPv6) nor changing DNS answers reach this machine or its network.
Proxies of the environment are not used, because they would resolve names themselves. The HTTP client is slow
to import, so this module is imported at the first call.
"""

import asyncio
import functools
import ipaddress
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpcore2
import httpx2

from chat.tools.addresses import (
    Address,
    EgressRefused,
    Resolver,
    ResponseTooLarge,
    address_literal,
    allowed_by_staff,
    check_scheme,
    default_port,
    is_public,
)

ENCODINGS = ("gzip", "deflate")
CHUNK_BYTES = 65_536


def guarded_client(
    *, limit_bytes: int, timeout_seconds: float, resolve: Resolver | None = None, **options: Any
) -> httpx2.AsyncClient:
    """Return a client for one call: guarded, metered, without redirects, shared cookies, proxies or .netrc.

    `limit_bytes` limits all its responses together. `meter.exceeded` of its transport says whether the limit
    was reached.
    """
    headers = {"accept-encoding": ", ".join(ENCODINGS), **options.pop("headers", {})}
    return httpx2.AsyncClient(
        transport=GuardedTransport(Meter(limit_bytes), resolve or resolve_host),
        timeout=timeout_seconds,
        headers=headers,
        trust_env=False,
        follow_redirects=False,
        **options,
    )


class Meter:
    """Counts the bytes of responses, as received and as decompressed, and raises above the limit."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes, self.wire, self.decoded, self.exceeded = limit_bytes, 0, 0, False

    def add(self, *, wire: int = 0, decoded: int = 0) -> None:
        """Count bytes.

        Raises:
            ResponseTooLarge: a limit is exceeded.
        """
        self.wire += wire
        self.decoded += decoded
        if max(self.wire, self.decoded) > self.limit_bytes:
            self.exceeded = True
            raise ResponseTooLarge(f"more than {self.limit_bytes} bytes")


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """HTTP/1.1 through `GuardedNetwork`; responses are metered and decompressed in small chunks."""

    def __init__(self, meter: Meter, resolve: Resolver) -> None:
        self.meter = meter
        # Same pool as the parent's, except for the network backend that opens connections.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(), max_connections=10, network_backend=GuardedNetwork(resolve)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request after a check of its scheme; the returned body is metered.

        Raises:
            EgressRefused: the scheme is not allowed, or the address is not public.
            httpx2.DecodingError: the response has a content encoding that was not requested.
        """
        url = request.url
        check_scheme(url.scheme, url.host, url.port or default_port(url.scheme))
        answer = await super().handle_async_request(request)
        encoding = answer.headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity", *ENCODINGS}:
            await answer.aclose()
            raise httpx2.DecodingError(f"unasked content encoding {encoding[:40]!r}")
        headers = answer.headers.copy()
        for name in ("content-encoding", "content-length") if encoding in ENCODINGS else ():
            headers.pop(name, None)
        assert isinstance(answer.stream, httpx2.AsyncByteStream)
        body = MeteredBody(answer.stream, self.meter, unpack=encoding in ENCODINGS)
        return httpx2.Response(answer.status_code, headers=headers, stream=body, extensions=answer.extensions)


class MeteredBody(httpx2.AsyncByteStream):
    """A response body that is counted; with `unpack` it is gzip or deflate and decompressed chunk by chunk."""

    def __init__(self, body: httpx2.AsyncByteStream, meter: Meter, *, unpack: bool) -> None:
        self.body, self.meter = body, meter
        self.unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32) if unpack else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self.body:
            self.meter.add(wire=len(chunk))
            if self.unpacker is None:
                yield chunk
                continue
            while piece := self._piece(chunk):
                self.meter.add(decoded=len(piece))
                yield piece
                chunk = self.unpacker.unconsumed_tail

    async def aclose(self) -> None:
        await self.body.aclose()

    def _piece(self, chunk: bytes) -> bytes:
        assert self.unpacker is not None
        try:
            return self.unpacker.decompress(chunk, CHUNK_BYTES)
        except zlib.error as error:
            raise httpx2.DecodingError("the compressed body is damaged") from error


class GuardedNetwork(httpcore2.AnyIOBackend):
    """Opens connections: resolves a name once, checks every address, and connects to a checked one."""

    def __init__(self, resolve: Resolver) -> None:
        super().__init__()
        self.resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        problem: Exception | None = None
        for address in await self.addresses(host, port):
            try:
                return await super().connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
        raise problem or httpcore2.ConnectError("the name has no address")

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise EgressRefused("Tools have no business with sockets of this machine.")

    async def addresses(self, host: str, port: int) -> list[Address]:
        """Return the addresses of a name, resolved now, or the address that it spells.

        Raises:
            EgressRefused: one of the addresses is not public, and staff do not list the host.
        """
        spelt = address_literal(host)
        try:
            found = (
                [spelt] if spelt else [ipaddress.ip_address(text) for text in await self.resolve(host, port)]
            )
        except (OSError, ValueError) as error:
            raise httpcore2.ConnectError("the name could not be resolved") from error
        if not allowed_by_staff(host, port) and not all(is_public(address) for address in found):
            raise EgressRefused("This address is not on the public internet.")
        return found


async def resolve_host(host: str, port: int) -> list[str]:
    """Return all addresses of a name from the system's resolver, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@functools.cache
def _tls() -> ssl.SSLContext:
    """Return the shared TLS context. Loading the certificate authorities takes tens of milliseconds."""
    return httpx2.create_ssl_context()
