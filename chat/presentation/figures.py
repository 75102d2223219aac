"""Sums, tokens, times and sizes as a person reads them."""

from decimal import Decimal

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import avoid_wrapping
from django.utils.translation import ngettext

from chat.models import ApiCall, LanguageModel
from chat.models.catalogue.platforms import MB

CENT = Decimal("0.01")
SHOWN_OF_PRICES = ("valid_from", "speed", "above_prompt_tokens", "input", "output")


def rounded_usd(amount: Decimal) -> str:
    """Return a sum in whole cents; less than a cent is never shown as zero."""
    if not amount:
        return "$0"
    return "< 1¢" if amount < CENT else f"${amount:,.2f}"


def exact_usd(amount: Decimal) -> str:
    """Return a sum with all its digits."""
    return f"${amount.normalize():f}"


def price_words(model: LanguageModel) -> str:
    """Return the prices per million tokens of input and output, such as $3 / $15; "" without prices.

    Reads prefetched rows only, and of these `SHOWN_OF_PRICES`.
    """
    now, rows = timezone.now(), [row for row in model.prices.all() if row.speed == "standard"]
    begun = [row for row in rows if not row.above_prompt_tokens and row.valid_from <= now]
    if not begun:
        return ""
    newest = max(begun, key=lambda row: (row.valid_from, row.id))
    return f"{exact_usd(newest.input)} / {exact_usd(newest.output)}"


def prompt_tokens(call: ApiCall) -> int:
    """Return all tokens that a call read: new ones, and those read from and written to the cache."""
    return (
        call.input_tokens + call.cache_read_tokens + call.cache_write_5m_tokens + call.cache_write_1h_tokens
    )


def short_seconds(seconds: float) -> str:
    """Return seconds with one decimal below ten."""
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"


def file_size(size_bytes: int) -> str:
    """Return a size such as 1.2 MB. A megabyte is a million bytes, as in the limits that people are told."""
    for unit, name in ((1000 * MB, "GB"), (MB, "MB"), (MB // 1000, "KB")):
        if size_bytes >= unit:
            return avoid_wrapping(f"{number_format(size_bytes / unit, 1)} {name}")
    return avoid_wrapping(ngettext("%(size)s byte", "%(size)s bytes", size_bytes) % {"size": size_bytes})
