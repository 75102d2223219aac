"""Sums and times as they are shown."""

from decimal import Decimal

import pytest

from chat.presentation.figures import exact_usd, rounded_usd, short_seconds


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "$0"), ("0.00012345", "< 1¢"), ("0.01", "$0.01"), ("0.5", "$0.50"), ("1234.567", "$1,234.57")],
)
def test_a_sum_in_cents_is_never_shown_as_zero(amount: str, shown: str) -> None:
    assert rounded_usd(Decimal(amount)) == shown


def test_exact_sums_have_no_trailing_zeros() -> None:
    assert exact_usd(Decimal("0.001200")) == "$0.0012"
    assert exact_usd(Decimal("100")) == "$100"


@pytest.mark.parametrize(("seconds", "shown"), [(1.25, "1.2"), (9.96, "10.0"), (61.4, "61")])
def test_short_seconds(seconds: float, shown: str) -> None:
    assert short_seconds(seconds) == shown
