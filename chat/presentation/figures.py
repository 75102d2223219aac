"""Sums, tokens and times as a person reads them."""

from decimal import Decimal

from chat.models import ApiCall


def short_usd(amount: Decimal) -> str:
    """Return a sum with two significant digits if it is small; a cost above zero is never shown as zero."""
    if not amount:
        return "$0"
    if amount >= 1:
        return f"${amount:,.2f}"
    digits = max(2, 1 - amount.adjusted())
    return f"${amount:.{digits}f}"


def exact_usd(amount: Decimal) -> str:
    """Return a sum with all its digits."""
    return f"${amount.normalize():f}"


def prompt_tokens(call: ApiCall) -> int:
    """Return all tokens that a call read: new ones, and those read from and written to the cache."""
    return (
        call.input_tokens + call.cache_read_tokens + call.cache_write_5m_tokens + call.cache_write_1h_tokens
    )


def seconds_taken(call: ApiCall) -> str:
    """Return a call's seconds, with one decimal below ten; "" while it is open."""
    if call.finished_at is None:
        return ""
    seconds = (call.finished_at - call.started_at).total_seconds()
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"
