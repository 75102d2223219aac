"""Sums, times and sizes as they are shown."""

from decimal import Decimal

import pytest

from chat.presentation.figures import exact_usd, file_size, rounded_usd, short_seconds


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


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_500, "1.5 KB"),
        (33_000_000, "33.0 MB"),
        (20_000_000_000, "20.0 GB"),
    ],
)
def test_sizes_are_decimal_as_limits_are(size_bytes: int, shown: str) -> None:
    assert file_size(size_bytes) == shown.replace(" ", "\N{NO-BREAK SPACE}")
