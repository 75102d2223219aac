"""Why a call read less from the cache than it could have."""

from typing import Any

import pytest

from chat.claude.cache_diagnostics import Foreseen, Missed, diagnose
from chat.claude.usage import Usage

ALIVE = Foreseen(cached_tokens=1000, alive_tokens=1000)


def told(reason: Any) -> dict[str, Any]:
    return {"diagnostics": {"cache_miss_reason": reason}}


@pytest.mark.parametrize(
    ("message", "foreseen", "read", "expected"),
    [
        ({}, Foreseen(), 0, Missed()),
        ({"diagnostics": None}, ALIVE, 1000, Missed()),
        (
            told({"type": "tools_changed", "cache_missed_input_tokens": 70}),
            ALIVE,
            0,
            Missed("tools_changed", 70),
        ),
        (told({"type": "unavailable"}), ALIVE, 400, Missed("unavailable", 600)),
        (told({"type": "new", "cache_missed_input_tokens": -1}), ALIVE, 1000, Missed("new", 0)),
        (told("nonsense"), ALIVE, 400, Missed("pending", 600)),
        (told(None), ALIVE, 400, Missed("pending", 600)),
        ({"diagnostics": None}, ALIVE, 400, Missed("not_found", 600)),
        ({"diagnostics": None}, Foreseen(1000, 300), 300, Missed("expired", 700)),
        ({}, Foreseen(1000, 0, same_frame=False), 0, Missed("frame_changed", 1000)),
    ],
)
def test_diagnosis(message: dict[str, Any], foreseen: Foreseen, read: int, expected: Missed) -> None:
    assert diagnose(message, foreseen, Usage(input_tokens=5, cache_read_tokens=read)) == expected


def test_call_without_usage_has_no_cache_miss() -> None:
    assert diagnose({}, ALIVE, Usage()) == Missed()
