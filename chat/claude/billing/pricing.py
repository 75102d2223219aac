"""The cost of an API call in exact decimal US dollars.

Prices are rows per model, speed and prompt size, because no single factor holds for all models: cache reads
cost 0.1, 0.05 or 0.025 of input, and one model doubles its prices above a prompt length.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chat.claude.billing.usage import Usage

MILLION = Decimal(1_000_000)
US = "us"
# Categories of refusals that are billed even before any output.
BILLED_REFUSALS = frozenset({"bio", "frontier_llm", "reasoning_extraction"})


@dataclass(frozen=True, slots=True)
class PriceRow:
    """USD per million tokens and per web search, valid above a prompt length at one speed.

    `batch_factor` and `us_factor` multiply all token prices, also together, but never the price of searches.
    """

    input: Decimal
    write_5m: Decimal
    write_1h: Decimal
    read: Decimal
    output: Decimal
    per_search: Decimal = Decimal("0.01")
    above_prompt_tokens: int = 0
    speed: str = "standard"
    batch_factor: Decimal = Decimal("0.5")
    us_factor: Decimal = Decimal("1.1")

    def factor(self, *, batch: bool = False, geo: str = "") -> Decimal:
        """Return the factor of token prices for a batch and for inference in `geo` ("us" costs more)."""
        return (self.batch_factor if batch else Decimal(1)) * (self.us_factor if geo == US else 1)


@dataclass(frozen=True, slots=True)
class Cost:
    """USD in total and per line: input, write_5m, write_1h, read, output, searches."""

    total: Decimal
    lines: dict[str, Decimal]


def choose_price_row(
    rows: Iterable[PriceRow], usage: Usage, speed: str = "standard", *, longest_prompt: int = 0
) -> PriceRow | None:
    """Return the row of this speed with the highest threshold that the complete prompt exceeds, or None.

    `longest_prompt` is the longest single prompt in tokens, if `usage` is the sum of several.
    """
    prompt_tokens = longest_prompt or usage.prompt_tokens
    fitting = [
        row
        for row in rows
        if row.speed == speed and (row.above_prompt_tokens < prompt_tokens or row.above_prompt_tokens == 0)
    ]
    return max(fitting, key=lambda row: row.above_prompt_tokens, default=None)


def price(usage: Usage, row: PriceRow, *, batch: bool = False, geo: str = "") -> Cost:
    """Return the cost of `usage`. Batch and geography change token prices, never the price of a search."""
    factor = row.factor(batch=batch, geo=geo) / MILLION
    lines = {
        "input": usage.input_tokens * row.input * factor,
        "write_5m": usage.cache_write_5m_tokens * row.write_5m * factor,
        "write_1h": usage.cache_write_1h_tokens * row.write_1h * factor,
        "read": usage.cache_read_tokens * row.read * factor,
        "output": usage.output_tokens * row.output * factor,
        "searches": usage.web_search_requests * row.per_search,
    }
    return Cost(total=sum(lines.values(), Decimal(0)), lines=lines)


def is_billed(message: Mapping[str, Any]) -> bool:
    """Return whether an answered call is billed: refusals before any output are free except for some categories."""
    if message.get("stop_reason") != "refusal" or message.get("content"):
        return True
    return (message.get("stop_details") or {}).get("category") in BILLED_REFUSALS


def estimate_tokens(text: str) -> int:
    """Return an estimate of the tokens of `text` for bills without an upstream count.

    One token is counted per 3 bytes of UTF-8, rounded up.
    """
    return (len(text.encode(errors="replace")) + 2) // 3
