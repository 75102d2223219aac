"""Sums and times as they are shown."""

import datetime as dt
from decimal import Decimal

import pytest

from chat.models import ApiCall
from chat.presentation.figures import exact_usd, seconds_taken, short_usd

BEGAN = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "$0"), ("0.5", "$0.50"), ("0.00012345", "$0.00012"), ("1234.567", "$1,234.57"), ("1", "$1.00")],
)
def test_small_sums_keep_two_digits(amount: str, shown: str) -> None:
    assert short_usd(Decimal(amount)) == shown


def test_exact_sums_have_no_trailing_zeros() -> None:
    assert exact_usd(Decimal("0.001200")) == "$0.0012"
    assert exact_usd(Decimal("100")) == "$100"


@pytest.mark.parametrize(("seconds", "shown"), [(None, ""), (1.25, "1.2"), (9.96, "10.0"), (61.4, "61")])
def test_seconds_of_a_call(seconds: float | None, shown: str) -> None:
    finished = None if seconds is None else BEGAN + dt.timedelta(seconds=seconds)
    assert seconds_taken(ApiCall(started_at=BEGAN, finished_at=finished)) == shown
