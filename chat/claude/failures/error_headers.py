"""Reads headers of error responses: how long to wait, and where a redirect leads."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from urllib.parse import urlsplit

ADDRESS_LIMIT = 4_000
_HOST = re.compile(r"[\w.:-]{1,253}")


def origin_of(address: str) -> str:
    """Return scheme and host of an address, which may hold secrets elsewhere; "" if it has no host."""
    try:
        parts = urlsplit(address[:ADDRESS_LIMIT])
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not _HOST.fullmatch(host):
        return ""
    host = f"[{host}]" if ":" in host else host
    scheme = parts.scheme if parts.scheme in ("http", "https") else "https"
    return f"{scheme}://{host}{f':{port}' if port else ''}"


def seconds_to_wait(headers: Mapping[str, str], now: datetime | None) -> float | None:
    """Return the seconds that a response asks to wait; the names of `headers` are in lower case."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None or now is None:
        return seconds
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return max(0.0, number) if isfinite(number) else None
