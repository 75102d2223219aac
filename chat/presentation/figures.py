"""Sums, tokens and times as a person reads them."""

from decimal import Decimal

from chat.models import ApiCall

CENT = Decimal("0.01")


def rounded_usd(amount: Decimal) -> str:
    """Return a sum in whole cents; less than a cent is never shown as zero."""
    if not amount:
        return "$0"
    return "< 1¢" if amount < CENT else f"${amount:,.2f}"


def exact_usd(amount: Decimal) -> str:
    """Return a sum with all its digits."""
    return f"${amount.normalize():f}"


def prompt_tokens(call: ApiCall) -> int:
    """Return all tokens that a call read: new ones, and those read from and written to the cache."""
    return (
        call.input_tokens + call.cache_read_tokens + call.cache_write_5m_tokens + call.cache_write_1h_tokens
    )


def short_seconds(seconds: float) -> str:
    """Return seconds with one decimal below ten."""
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
