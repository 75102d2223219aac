"""The guard on outgoing requests: where a webhook or an MCP server may be, and how much it may answer.

Every connection is checked at the moment it is made, redirects and second requests included: the name is resolved
once, each address it gave must be a public one, and the connection goes to just that address. So neither odd
spellings (decimal, octal, IPv4 in IPv6) nor DNS that changes its mind reach this machine or its network.
Proxies of the environment are not used, for they would resolve names themselves.
"""

import asyncio
import functools
import ipaddress
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import httpcore2
import httpx2
from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

# Public by their number, yet answered inside a cloud's own network (Azure's wire server).
CLOUD_INSIDE = frozenset({ipaddress.ip_address("168.63.129.16")})
PROTOCOL_ASSIGNMENTS = ipaddress.ip_network("192.0.0.0/24")  # Oracle's metadata among others
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # all of IPv6 that is given out to the public
# IPv6 networks that only wrap an IPv4 address: NAT64 (RFC 6052) and the retired IPv4-compatible form.
WRAPPING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
ENCODINGS = ("gzip", "deflate")
PIECE_BYTES = 65_536


class EgressRefused(Exception):
    """The address is not one that tools may call. The words are for staff."""


class TooMuch(Exception):
    """An answer went over its limit of bytes, as sent or as decompressed."""


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public internet, looking into addresses that wrap another."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id or address.teredo:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and any(address in network for network in WRAPPING):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        return address in GLOBAL_UNICAST and address.is_global
    inside = address in CLOUD_INSIDE or address in PROTOCOL_ASSIGNMENTS
    return address.is_global and not address.is_multicast and not inside


def allowed_by_staff(host: str, port: int) -> bool:
    """Say whether EGRESS_ALLOW lists this host, alone or with this port: such a one may be inside, and plain http."""
    return not {host.lower(), f"{host.lower()}:{port}"}.isdisjoint(settings.EGRESS_ALLOW)


def check_url(url: str) -> None:
    """Refuse an address that no connection would be made to, as far as its spelling tells.

    Raises:
        EgressRefused: no https, no host, credentials inside, or an address that is not public.
    """
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError) as error:
        raise EgressRefused("This is no web address.") from error
    _check_scheme(parsed)
    if parsed.userinfo:
        raise EgressRefused("A user name or password does not belong into an address.")
    literal = _literal(parsed.host)
    if literal is not None and not is_public(literal) and not allowed_by_staff(parsed.host, _port(parsed)):
        raise EgressRefused("This address is not on the public internet.")


def client(
    *, limit_bytes: int, timeout_seconds: float, resolve: Resolver | None = None, **options: Any
) -> httpx2.AsyncClient:
    """Make a client for one call: guarded, metered, without redirects, cookies of others, proxies or .netrc.

    `limit_bytes` bounds all its answers together. Its transport's `meter.exceeded` says whether that ended one.
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
    """Counts the bytes of answers, as they came and as they unfold, and ends what is too long."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes, self.wire, self.unfolded, self.exceeded = limit_bytes, 0, 0, False

    def add(self, *, wire: int = 0, unfolded: int = 0) -> None:
        self.wire += wire
        self.unfolded += unfolded
        if max(self.wire, self.unfolded) > self.limit_bytes:
            self.exceeded = True
            raise TooMuch(f"more than {self.limit_bytes} bytes")


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """HTTP/1.1 through `GuardedNetwork`, its answers metered and decompressed in small pieces."""

    def __init__(self, meter: Meter, resolve: Resolver) -> None:
        self.meter = meter
        # The one thing that differs from the parent's own pool is what opens connections.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_tls(), max_connections=10, network_backend=GuardedNetwork(resolve)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        _check_scheme(request.url)
        answer = await super().handle_async_request(request)
        encoding = answer.headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity", *ENCODINGS}:
            await answer.aclose()
            raise httpx2.DecodingError(f"unasked content encoding {encoding[:40]!r}")
        headers = answer.headers.copy()
        for name in ("content-encoding", "content-length") if encoding in ENCODINGS else ():
            headers.pop(name, None)
        assert isinstance(answer.stream, httpx2.AsyncByteStream)
        body = Metered(answer.stream, self.meter, unpack=encoding in ENCODINGS)
        return httpx2.Response(answer.status_code, headers=headers, stream=body, extensions=answer.extensions)


class Metered(httpx2.AsyncByteStream):
    """A body that is counted; with `unpack` it is gzip or deflate, unfolded a piece at a time."""

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
                self.meter.add(unfolded=len(piece))
                yield piece
                chunk = self.unpacker.unconsumed_tail

    async def aclose(self) -> None:
        await self.body.aclose()

    def _piece(self, chunk: bytes) -> bytes:
        assert self.unpacker is not None
        try:
            return self.unpacker.decompress(chunk, PIECE_BYTES)
        except zlib.error as error:
            raise httpx2.DecodingError("the compressed body is damaged") from error


class GuardedNetwork(httpcore2.AnyIOBackend):
    """Opens connections: resolves once, checks every address, connects to one of those it checked."""

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
        """Resolve a name now, or read an address.

        Raises:
            EgressRefused: one of its addresses is not public, and staff do not list the host.
        """
        literal = _literal(host)
        try:
            found = (
                [literal]
                if literal
                else [ipaddress.ip_address(text) for text in await self.resolve(host, port)]
            )
        except (OSError, ValueError) as error:
            raise httpcore2.ConnectError("the name could not be resolved") from error
        if not allowed_by_staff(host, port) and not all(is_public(address) for address in found):
            raise EgressRefused("This address is not on the public internet.")
        return found


async def resolve_host(host: str, port: int) -> list[str]:
    """Ask the system for all addresses of a name, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _check_scheme(url: httpx2.URL) -> None:
    if not url.host or url.scheme not in {"http", "https"}:
        raise EgressRefused("This is no web address.")
    if url.scheme == "http" and not allowed_by_staff(url.host, _port(url)):
        raise EgressRefused("The address has to begin with https.")


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _literal(host: str) -> Address | None:
    """Read a host as the system's resolver would: also 2130706433, 0x7f.1 and 0177.0.0.1."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading the authorities takes tens of milliseconds: once a process."""
    return httpx2.create_ssl_context()
