"""The addresses that tools may call: public ones over https, and the hosts that staff list in EGRESS_ALLOW.

The spelling of an address is checked here, before it is stored and before it is called. The addresses that a
name resolves to are checked by `chat.tools.egress` for each connection.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from django.conf import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

# Public by number, but served inside a cloud's own network (Azure's wire server).
CLOUD_INTERNAL = frozenset({ipaddress.ip_address("168.63.129.16")})
PROTOCOL_ASSIGNMENTS = ipaddress.ip_network("192.0.0.0/24")  # includes Oracle's metadata service
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # the only IPv6 range assigned for public use
# IPv6 networks that only wrap an IPv4 address: NAT64 (RFC 6052) and the retired IPv4-compatible form.
IPV4_WRAPPERS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))


class EgressRefused(Exception):
    """Tools may not call this address. The message is for staff."""


class ResponseTooLarge(Exception):
    """A response exceeded its limit of bytes, as sent or as decompressed."""


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet.

    An address that wraps another one is judged by the inner one.
    """
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
    """Return whether EGRESS_ALLOW lists this host, alone or with this port.

    Such a host may be internal and may use plain http.
    """
    return not {host.lower(), f"{host.lower()}:{port}"}.isdisjoint(settings.EGRESS_ALLOW)


def check_url(url: str) -> None:
    """Check the spelling of an address.

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
    """Check that the scheme is https, or http for hosts that staff list.

    Raises:
        EgressRefused: it is another scheme.
    """
    if not host or scheme not in {"http", "https"}:
        raise EgressRefused("This is no web address.")
    if scheme == "http" and not allowed_by_staff(host, port):
        raise EgressRefused("The address has to begin with https.")


def default_port(scheme: str) -> int:
    """Return the port of an address without one."""
    return 443 if scheme == "https" else 80


def address_literal(host: str) -> Address | None:
    """Return the address that a host name spells, None for a name.

    Spellings are read as by the system's resolver: also 2130706433, 0x7f.1 and 0177.0.0.1.
    """
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
