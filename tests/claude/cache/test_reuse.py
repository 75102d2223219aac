"""What earlier calls say about cache entries and about the time of the next request."""

import pytest

from chat.claude.cache.reuse import CacheState, PastCall, ReuseShares

NEVER = float("inf")


def call(at: float, **tokens: int) -> PastCall:
    return PastCall(at, **{f"{name}_tokens": count for name, count in tokens.items()})


def test_gaps_are_counted_beside_a_prior() -> None:
    assert ReuseShares.of([]) == ReuseShares()
    counted = ReuseShares.of([1, 300, 301, 3600, 3601, NEVER], prior=ReuseShares(1, 0, 0), weight=2)
    assert counted == ReuseShares(4 / 8, 2 / 8, 2 / 8)


def test_unless_adds_a_share_of_short_gaps() -> None:
    assert ReuseShares(0.5, 0.25, 0.25).with_immediate(0.0) == ReuseShares(0.5, 0.25, 0.25)
    assert ReuseShares(0.5, 0.25, 0.25).with_immediate(0.5) == ReuseShares(0.75, 0.125, 0.125)


FIRST = call(0, input=10, written_5m=500, written_1h=1000)
SECOND = call(60, read=1500, written_5m=300)


@pytest.mark.parametrize(
    ("calls", "now", "expected"),
    [
        ([], 0, CacheState()),
        ([FIRST], 100, CacheState(1510, 1500, 1000, 1)),
        ([FIRST], 299, CacheState(1510, 1000, 1000, 1)),
        ([FIRST], 3599, CacheState(1510, 0, 0, 2)),
        ([FIRST, SECOND], 100, CacheState(1800, 1800, 1000, 1)),
        ([FIRST, SECOND], 1000, CacheState(1800, 1000, 1000, 2)),
        # An answer that wrote nothing leaves the entry of the one before.
        ([FIRST, call(60, read=1500, input=90)], 100, CacheState(1590, 1500, 1000, 2)),
        # A prefix that was not read is gone, even if its time is not over.
        ([FIRST, call(60, input=1800)], 100, CacheState(1800, 0, 0, 3)),
        ([FIRST, call(60, read=1000, written_5m=800)], 100, CacheState(1800, 1800, 1000, 1)),
        ([FIRST, call(60, read=1500, written_1h=300)], 100, CacheState(1800, 1800, 1800, 1)),
    ],
)
def test_standing_follows_earlier_calls(calls: list[PastCall], now: float, expected: CacheState) -> None:
    assert CacheState.after(calls, now) == expected
