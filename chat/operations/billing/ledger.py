"""The ledger: what a call cost, and how its row is settled, discarded or corrected together with its holds.

`paid_call` opens the rows. Each is settled exactly once, with the prices of that moment. The bill of a cut stream is
an estimate; a count may correct it once (see `recount`), and nothing changes it afterwards.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from chat.claude.billing.pricing import PriceRow, choose_price_row, estimate_tokens, is_billed, price
from chat.claude.billing.usage import MAX_COUNT, Usage, longest_prompt_tokens, tells_output, tells_prompt
from chat.claude.cache.diagnostics import ExpectedCache, diagnose
from chat.claude.encoding.text import clean_text
from chat.models import ApiCall
from chat.models.money.ledger import USD_FRACTION
from chat.operations.billing import budgets

STANDARD = "standard"


@dataclasses.dataclass(frozen=True, slots=True)
class Bill:
    """What one call cost: the upstream's usage, the counters, USD, the unit prices and the certainty."""

    usage: dict[str, Any] | None
    counted: Usage
    cost_usd: Decimal
    unit_prices: dict[str, str] | None
    certainty: str
    speed: str = ""
    inference_geo: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Settlement:
    """How a call ended; `bill` and the outcome fields are copied into its row.

    `frees_holds` says that budgets don't count an unknown bill.
    `told` is the upstream's message as far as it arrived; with `expected_cache` it says what the cache missed.
    """

    status: str
    bill: Bill
    frees_holds: bool = False
    upstream_request_id: str = ""
    http_status: int | None = None
    error_code: str = ""
    stop_reason: str = ""
    first_byte_at: dt.datetime | None = None
    told: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    expected_cache: ExpectedCache = dataclasses.field(default_factory=ExpectedCache)


def bill_for(
    prices: Iterable[PriceRow],
    usage: dict[str, Any] | None,
    *,
    whole: bool,
    text: str = "",
    output_told: bool = True,
    prompt_tokens: Callable[[], int] | None = None,
) -> Bill:
    """Price a call.

    `whole` says that the answer is complete, `output_told` that its output was counted after its start. What was not
    told is estimated: the output from the `text` received, the prompt by `prompt_tokens`; never less than reported.
    Only a bill without an estimate is exact. Without a prompt or a price row the cost is unknown and counts as 0.
    """
    counters = usage or {}
    counted, prompt_told = Usage.from_api(counters), tells_prompt(counters, text)
    if not prompt_told and prompt_tokens is None:
        return Bill(usage, counted, Decimal(0), None, ApiCall.Certainty.UNKNOWN)
    final = whole and output_told and tells_output(counters, text)
    counted = _completed(
        counted,
        prompt_tokens=None if prompt_told or prompt_tokens is None else prompt_tokens(),
        output_tokens=None if final else estimate_tokens(text),
    )
    speed, geo = str(counters.get("speed") or ""), str(counters.get("inference_geo") or "")
    row, told = _row_for(list(prices), counted, speed or STANDARD, longest_prompt_tokens(counters))
    if row is None:
        return Bill(usage, counted, Decimal(0), None, ApiCall.Certainty.UNKNOWN, speed[:12], geo[:12])
    units = {
        field.name: str(getattr(row, field.name))
        for field in dataclasses.fields(row)
        if field.name not in ("speed", "batch_factor", "us_factor")
    }
    factor = row.factor(batch=counters.get("service_tier") == "batch", geo=geo)
    if factor != 1:
        units["factor"] = str(factor.normalize())  # multiplies the cost of the tokens
    exact = final and prompt_told and told
    certainty = ApiCall.Certainty.EXACT if exact else ApiCall.Certainty.ESTIMATED
    return Bill(usage, counted, cost_of(counted, units), units, certainty, speed[:12], geo[:12])


def _completed(counted: Usage, *, prompt_tokens: int | None, output_tokens: int | None) -> Usage:
    """Return counters that are at least the estimates; None where there is none."""
    least_input = (prompt_tokens or 0) - counted.prompt_tokens + counted.input_tokens
    return dataclasses.replace(
        counted,
        input_tokens=min(MAX_COUNT, max(counted.input_tokens, least_input)),
        output_tokens=min(MAX_COUNT, max(counted.output_tokens, output_tokens or 0)),
    )


def _row_for(
    prices: list[PriceRow], counted: Usage, speed: str, longest_prompt: int
) -> tuple[PriceRow | None, bool]:
    """Return the row that applies and whether it has this speed; a speed without a price costs the standard price."""
    row = choose_price_row(prices, counted, speed, longest_prompt=longest_prompt)
    if row is not None or speed == STANDARD:
        return row, True
    return choose_price_row(prices, counted, STANDARD, longest_prompt=longest_prompt), False


def cost_of(counted: Usage, units: Mapping[str, str]) -> Decimal:
    """Return the USD that counters cost with the unit prices that were copied into a row.

    Raises:
        ArithmeticError, KeyError, TypeError, ValueError: `units` are not unit prices.
    """
    amounts: dict[str, Any] = {name: Decimal(value) for name, value in units.items()}
    factor, tier = amounts.pop("factor", Decimal(1)), int(amounts.pop("above_prompt_tokens"))
    row = PriceRow(**amounts, above_prompt_tokens=tier)
    cost = price(counted, row)
    tokens = cost.total - cost.lines["searches"]
    return Decimal(tokens * factor + cost.lines["searches"]).quantize(USD_FRACTION)


def bill_for_message(
    prices: Iterable[PriceRow],
    message: Mapping[str, Any],
    *,
    whole: bool,
    text: str = "",
    output_told: bool = True,
    prompt_tokens: Callable[[], int] | None = None,
) -> Bill:
    """Price a call by its message as far as it arrived; see `bill_for`. Before its start ({}) the cost is unknown."""
    usage = message.get("usage")
    usage = dict(usage) if isinstance(usage, Mapping) else None
    if not is_billed(message):
        return free_bill(usage)
    return bill_for(
        prices,
        usage,
        whole=whole,
        text=text,
        output_told=output_told,
        prompt_tokens=prompt_tokens if message else None,
    )


def free_bill(usage: dict[str, Any] | None = None) -> Bill:
    """Return the bill of a call that surely costs nothing, such as a refused one, with the `usage` reported for it."""
    return Bill(usage, Usage(), Decimal(0), None, ApiCall.Certainty.EXACT)


@transaction.atomic
def discard_call(call_id: int) -> None:
    """Delete the row and the holds of a request that never reached the upstream."""
    if ApiCall.objects.open().filter(id=call_id).exists():
        budgets.drop(call_id)
        ApiCall.objects.open().filter(id=call_id).delete()


@transaction.atomic(savepoint=False)
def settle_call(call_id: int, settlement: Settlement) -> bool:
    """Settle an open row and its holds; return False, and change nothing, if the row was settled before."""
    bill = settlement.bill
    missed = diagnose(settlement.told, settlement.expected_cache, bill.counted)
    row = ApiCall.objects.filter(id=call_id)
    settled = row.settle(
        **dataclasses.asdict(bill.counted),
        status=settlement.status,
        usage=bill.usage,
        unit_prices=bill.unit_prices,
        cost_usd=bill.cost_usd,
        certainty=bill.certainty,
        speed=clean_text(bill.speed),
        inference_geo=clean_text(bill.inference_geo),
        upstream_request_id=clean_text(settlement.upstream_request_id[:80]),
        upstream_message_id=clean_text(str(settlement.told.get("id") or "")[:80]),
        cache_miss_reason=clean_text(missed.reason[:40]),
        cache_missed_tokens=missed.tokens,
        http_status=settlement.http_status,
        error_code=settlement.error_code[:40],
        stop_reason=clean_text(settlement.stop_reason[:40]),
        first_byte_at=settlement.first_byte_at,
    )
    if settled:
        counted = bill.certainty != ApiCall.Certainty.UNKNOWN or settlement.frees_holds
        cut = settlement.status == ApiCall.Status.CUT and bill.certainty == ApiCall.Certainty.ESTIMATED
        # The count may be higher than the estimate. The rest stays held until then, so that it never breaks a budget.
        keep_rest = cut and row.awaiting_count().exists()
        budgets.release(call_id, bill.cost_usd if counted else None, keep_rest=keep_rest)
    return settled


@transaction.atomic
def apply_count(call_id: int, output_tokens: int) -> bool:
    """Correct an estimated bill by a count of the output that arrived; return False if the row is not estimated.

    The caller makes sure that this happens once per row. The prompt stays as the upstream reported it.
    """
    row = (
        ApiCall.objects.select_for_update().filter(id=call_id, certainty=ApiCall.Certainty.ESTIMATED).first()
    )
    if row is None or not row.unit_prices:
        return False
    told = Usage.from_api(row.usage or {}).output_tokens
    row.output_tokens = max(told, output_tokens)
    row.cost_usd = cost_of(counters_of(row), row.unit_prices)
    row.save(update_fields=["output_tokens", "cost_usd"])
    budgets.release(call_id, row.cost_usd)
    return True


def counters_of(row: ApiCall) -> Usage:
    """Return the billable quantities of a row."""
    return Usage(**{field.name: getattr(row, field.name) for field in dataclasses.fields(Usage)})
