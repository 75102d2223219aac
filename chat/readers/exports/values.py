"""Reading values of exports, whose types are not promised: each function takes anything and never fails."""

import datetime as dt
import math
from typing import Any

# Seconds until the year 2100; larger numbers are milliseconds.
_LATEST = 4_102_444_800
FENCE = "```"


def mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def string(value: object) -> str:
    return value if isinstance(value, str) else ""


def identifier(value: object) -> str:
    """Return an id as text; "" for what can't be one."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)[:200]


def seconds(value: object) -> float | None:
    """Return a time as seconds since 1970: from seconds, milliseconds, or text in ISO 8601 (UTC without a zone)."""
    if isinstance(value, str):
        try:
            moment = dt.datetime.fromisoformat(value)
        except ValueError:
            return None
        value = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    found = value / 1000 if value > _LATEST else value
    return float(found) if 0 < found <= _LATEST else None


def fenced(content: str, language: str = "") -> str:
    """Return a code block whose fence is longer than any in the content."""
    fence = FENCE
    while fence in content:
        fence += "`"
    return f"{fence}{language}\n{content}\n{fence}"
