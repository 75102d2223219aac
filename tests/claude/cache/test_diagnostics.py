"""Why a call read less from the cache than it could have."""

from typing import Any

import pytest

from chat.claude.billing.usage import Usage
from chat.claude.cache.diagnostics import CacheMiss, ExpectedCache, diagnose

ALIVE = ExpectedCache(cached_tokens=1000, alive_tokens=1000)


def told(reason: Any) -> dict[str, Any]:
    return {"diagnostics": {"cache_miss_reason": reason}}


@pytest.mark.parametrize(
    ("message", "foreseen", "read", "expected"),
    [
        ({}, ExpectedCache(), 0, CacheMiss()),
        ({"diagnostics": None}, ALIVE, 1000, CacheMiss()),
        (
            told({"type": "tools_changed", "cache_missed_input_tokens": 70}),
            ALIVE,
            0,
            CacheMiss("tools_changed", 70),
        ),
        (told({"type": "unavailable"}), ALIVE, 400, CacheMiss("unavailable", 600)),
        (told({"type": "new", "cache_missed_input_tokens": -1}), ALIVE, 1000, CacheMiss("new", 0)),
        (told("nonsense"), ALIVE, 400, CacheMiss("pending", 600)),
        (told(None), ALIVE, 400, CacheMiss("pending", 600)),
        ({"diagnostics": None}, ALIVE, 400, CacheMiss("not_found", 600)),
        ({"diagnostics": None}, ExpectedCache(1000, 300), 300, CacheMiss("expired", 700)),
        ({}, ExpectedCache(1000, 0, same_frame=False), 0, CacheMiss("frame_changed", 1000)),
    ],
)
def test_diagnosis(message: dict[str, Any], foreseen: ExpectedCache, read: int, expected: CacheMiss) -> None:
    assert diagnose(message, foreseen, Usage(input_tokens=5, cache_read_tokens=read)) == expected


def test_call_without_usage_has_no_cache_miss() -> None:
    assert diagnose({}, ALIVE, Usage()) == CacheMiss()
