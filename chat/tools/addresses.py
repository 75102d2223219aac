"""Which addresses tools may call: public ones over https, and the hosts that staff list in EGRESS_ALLOW.

Spelling is judged here, before an address is kept and before it is called; what a name resolves to is judged by
`chat.tools.egress`, at the moment of each connection.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

# Public by their number, yet answered inside a cloud's own network (Azure's wire server).
CLOUD_INTERNAL = frozenset({ipaddress.ip_address("168.63.129.16")})
PROTOCOL_ASSIGNMENTS = ipaddress.ip_network("192.0.0.0/24")  # Oracle's metadata among others
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # all of IPv6 that is given out to the public
# IPv6 networks that only wrap an IPv4 address: NAT64 (RFC 6052) and the retired IPv4-compatible form.
IPV4_WRAPPERS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))


class EgressRefused(Exception):
    """The address is not one that tools may call. The words are for staff."""


class ResponseTooLarge(Exception):
    """An answer went over its limit of bytes, as sent or as decompressed."""


def is_public(address: Address) -> bool:
    """Say whether an address belongs to the public internet, looking into addresses that wrap another."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id or address.teredo:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and any(address in network for network in IPV4_WRAPPERS):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        return address in GLOBAL_UNICAST and address.is_global
    inside = address in CLOUD_INTERNAL or address in PROTOCOL_ASSIGNMENTS
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
        parsed = urlsplit(url)
        host, port = parsed.hostname or "", parsed.port
    except (ValueError, TypeError, AttributeError) as error:
        raise EgressRefused("This is no web address.") from error
    if any(character <= " " for character in url):
        raise EgressRefused("This is no web address.")
    port = port or default_port(parsed.scheme)
    check_scheme(parsed.scheme, host, port)
    if "@" in parsed.netloc:
        raise EgressRefused("A user name or password does not belong into an address.")
    found = address_literal(host)
    if found is not None and not is_public(found) and not allowed_by_staff(host, port):
        raise EgressRefused("This address is not on the public internet.")


def check_scheme(scheme: str, host: str, port: int) -> None:
    """Refuse everything but https, and plain http to hosts that staff list.

    Raises:
        EgressRefused: it is something else.
    """
    if not host or scheme not in {"http", "https"}:
        raise EgressRefused("This is no web address.")
    if scheme == "http" and not allowed_by_staff(host, port):
        raise EgressRefused("The address has to begin with https.")


def default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def address_literal(host: str) -> Address | None:
    """Read a host that is an address, as the system's resolver would: also 2130706433, 0x7f.1 and 0177.0.0.1."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
