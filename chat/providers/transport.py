"""How the HTTP clients of connections reach their upstream: redirects, proxies and certificates.

A redirect is never followed, because it would take the credential and the whole prompt to another host. The proxies of
the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY) and its certificates (SSL_CERT_FILE, SSL_CERT_DIR) hold
for all addresses but those of this machine: a proxy could not reach the simulator or the local model.
"""

import ipaddress
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit


def transport_options(address: str, hooks: list[Callable[..., Any]]) -> dict[str, Any]:
    """Return the arguments of an HTTP client for one base URL; each hook sees every response."""
    return {
        "follow_redirects": False,
        "event_hooks": {"response": hooks},
        "mounts": _past_proxies(address),
    }


def proxy_of(address: str) -> str:
    """Return the environment's proxy for an address, "" if it is reached directly."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if is_this_machine(host) or urllib.request.proxy_bypass(host):
        return ""
    proxies = urllib.request.getproxies_environment()
    return proxies.get(parts.scheme) or proxies.get("all") or ""


def is_this_machine(host: str) -> bool:
    """Return whether a host of an address is this machine by its spelling; no name is looked up."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _past_proxies(address: str) -> dict[str, None]:
    """Return the addresses that are reached directly, in the form that httpx takes."""
    host = urlsplit(address).hostname or ""
    if not is_this_machine(host):
        return {}
    return {f"all://[{host}]" if ":" in host else f"all://{host}": None}
