"""Short names of what a person signed in with: the browser and the system of a User-Agent, and an address."""

import ipaddress
import re

from django.utils.translation import gettext as _

# The first pattern that matches is the name: browsers also name those that they descend from.
BROWSERS = (
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Whale/", "Whale"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
)
SYSTEMS = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"CrOS", "ChromeOS"),
    (r"Macintosh|Mac OS X", "macOS"),
    (r"Linux|X11", "Linux"),
)


def client_name(user_agent: str) -> str:
    """Return the browser and the system of a User-Agent in words, as far as they are known."""
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")


def short_address(address: str) -> str:
    """Return the beginning of an IP address, enough to recognise a network: 203.0.113.* or 2001:db8:1:*"""
    found = ipaddress.ip_address(address)
    if found.is_unspecified:
        return _("unknown address")
    if mapped := getattr(found, "ipv4_mapped", None):
        found = mapped
    if found.version == 4:
        return f"{str(found).rpartition('.')[0]}.*"
    return ":".join(group.lstrip("0") or "0" for group in found.exploded.split(":")[:3]) + ":*"


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), "")
