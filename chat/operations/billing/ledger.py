"""The ledger's journeys: a row is opened before a request leaves and settled exactly once, priced at that moment.

With the row, money is held in every budget that applies; settling or discarding it gives the hold back. The bill of
a cut stream is an estimate; it may be made better once, by count (see `counting`), and never again.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from chat.claude.cache_diagnostics import ExpectedCache, diagnose
from chat.claude.pricing import PriceRow, choose_price_row, estimate_tokens, is_billed, price
from chat.claude.usage import Usage, longest_prompt_tokens
from chat.models import ApiCall, Budget, LanguageModel, ProviderConnection
from chat.operations.billing import budgets
from chat.operations.billing.budgets import Payer

CENT_FRACTION = Decimal("0.0000000001")
STANDARD = "standard"
# The row of a count is named after the row that it is for, so that there is one at most.
COUNT_PREFIX = "count:"
# What arrived is read from the turn's frames, which are kept for an hour.
COUNTABLE_FOR = dt.timedelta(minutes=50)
WITHOUT_COUNT = (ProviderConnection.Kind.BEDROCK, ProviderConnection.Kind.LOCAL)


@dataclasses.dataclass(frozen=True, slots=True)
class Bill:
    """What one call cost: usage as the upstream told it, USD, the unit prices and how sure all of it is."""

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

    `told` is the upstream's message so far, `foreseen` what the cache had before it; they say what the cache missed.
    """

    status: str
    bill: Bill
    upstream_request_id: str = ""
    http_status: int | None = None
    error_code: str = ""
    stop_reason: str = ""
    first_byte_at: dt.datetime | None = None
    told: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    foreseen: ExpectedCache = dataclasses.field(default_factory=ExpectedCache)


def bill_for(
    prices: Iterable[PriceRow], usage: dict[str, Any] | None, *, whole: bool, text: str = ""
) -> Bill:
    """Price a call.

    `whole` says that the upstream told the final usage. A cut call is estimated: the prompt as told at its start,
    the output from `text` received (never less than told). Without any usage the cost is unknown and counted 0.
    """
    if usage is None:
        return Bill(None, Usage(), Decimal(0), None, ApiCall.Certainty.UNKNOWN)
    counted = Usage.from_api(usage)
    if not whole:
        counted = dataclasses.replace(
            counted, output_tokens=max(counted.output_tokens, estimate_tokens(text))
        )
    speed, geo = str(usage.get("speed") or ""), str(usage.get("inference_geo") or "")
    row, told = _row_for(list(prices), counted, speed or STANDARD, longest_prompt_tokens(usage))
    if row is None:
        return Bill(usage, counted, Decimal(0), None, ApiCall.Certainty.UNKNOWN, speed[:12], geo[:12])
    units = {
        field.name: str(getattr(row, field.name))
        for field in dataclasses.fields(row)
        if field.name not in ("speed", "batch_factor", "us_factor")
    }
    factor = row.factor(batch=usage.get("service_tier") == "batch", geo=geo)
    if factor != 1:
        units["factor"] = str(factor.normalize())  # what the tokens of this very call were multiplied by
    certainty = ApiCall.Certainty.EXACT if whole and told else ApiCall.Certainty.ESTIMATED
    return Bill(usage, counted, cost_of(counted, units), units, certainty, speed[:12], geo[:12])


def _row_for(
    prices: list[PriceRow], counted: Usage, speed: str, longest_prompt: int
) -> tuple[PriceRow | None, bool]:
    """Return the row that holds, and whether it is that of the speed; a speed without a price costs the usual one."""
    row = choose_price_row(prices, counted, speed, longest_prompt=longest_prompt)
    if row is not None or speed == STANDARD:
        return row, True
    return choose_price_row(prices, counted, STANDARD, longest_prompt=longest_prompt), False


def cost_of(counted: Usage, units: Mapping[str, str]) -> Decimal:
    """Price counters by the unit prices that were copied into a row.

    Raises:
        ArithmeticError, KeyError, TypeError, ValueError: they are no unit prices.
    """
    amounts: dict[str, Any] = {name: Decimal(value) for name, value in units.items()}
    factor, tier = amounts.pop("factor", Decimal(1)), int(amounts.pop("above_prompt_tokens"))
    row = PriceRow(**amounts, above_prompt_tokens=tier)
    cost = price(counted, row)
    tokens = cost.total - cost.lines["searches"]
    return Decimal(tokens * factor + cost.lines["searches"]).quantize(CENT_FRACTION)


def bill_for_message(
    prices: Iterable[PriceRow], message: Mapping[str, Any], *, whole: bool, text: str = ""
) -> Bill:
    """Price an answered call by its message so far ({} before its start); see `bill_for`."""
    usage = message.get("usage")
    usage = dict(usage) if isinstance(usage, Mapping) else None
    return bill_for(prices, usage, whole=whole, text=text) if is_billed(message) else free_bill(usage)


def free_bill(usage: dict[str, Any] | None = None) -> Bill:
    """A call that the upstream refused, so that it costs nothing, surely; `usage` as it told it all the same."""
    return Bill(usage, Usage(), Decimal(0), None, ApiCall.Certainty.EXACT)


def open_in_transaction(
    *,
    key: str,
    model: LanguageModel,
    purpose: str,
    door: str,
    assistant_id: Any = None,
    worst_usd: Decimal = Decimal(0),
    applying: Sequence[Budget] | None = None,
    **references: Any,
) -> int:
    """Write the row of a request that is about to leave and hold the most that it can cost; returns its id.

    Runs inside the caller's transaction. `references` are columns of `ApiCall`: user_id, api_key_id, conversation_id,
    turn_id, message_id, frame_digest, attempt. `applying` are the payer's budgets, where they were read already.

    Raises:
        BudgetExceeded: a budget has less left than `worst_usd`; nothing was written.
    """
    call = ApiCall.objects.create(
        key=key,
        door=door,
        purpose=purpose,
        model=model,
        model_name=model.model_id,
        connection=model.connection,
        connection_name=model.connection.name,
        started_at=timezone.now(),
        **references,
    )
    if purpose != ApiCall.Purpose.COUNT:  # counting is free
        payer = Payer(references.get("user_id"), references.get("api_key_id"), assistant_id)
        budgets.hold(call.pk, payer, worst_usd, applying)
    return call.pk


# The same in a transaction of its own.
open_call = transaction.atomic(open_in_transaction)


@transaction.atomic
def discard_call(call_id: int) -> None:
    """Remove the row of a request that never reached the upstream, and give back what was held for it."""
    if ApiCall.objects.open().filter(id=call_id).exists():
        budgets.drop(call_id)
        ApiCall.objects.open().filter(id=call_id).delete()


@transaction.atomic(savepoint=False)
def settle_call(call_id: int, settlement: Settlement) -> bool:
    """Settle an open row and its holds; False when it was settled before, which changes nothing."""
    bill = settlement.bill
    counters = dataclasses.asdict(bill.counted)
    missed = diagnose(settlement.told, settlement.foreseen, bill.counted)
    settled = (
        ApiCall.objects.open()
        .filter(id=call_id)
        .update(
            **counters,
            status=settlement.status,
            usage=bill.usage,
            unit_prices=bill.unit_prices,
            cost_usd=bill.cost_usd,
            certainty=bill.certainty,
            speed=bill.speed,
            inference_geo=bill.inference_geo,
            upstream_request_id=settlement.upstream_request_id[:80],
            upstream_message_id=str(settlement.told.get("id") or "")[:80],
            cache_miss_reason=missed.reason[:40],
            cache_missed_tokens=missed.tokens,
            http_status=settlement.http_status,
            error_code=settlement.error_code[:40],
            stop_reason=settlement.stop_reason[:40],
            first_byte_at=settlement.first_byte_at,
            finished_at=timezone.now(),
        )
    )
    if settled:
        known = bill.certainty != ApiCall.Certainty.UNKNOWN
        cut = settlement.status == ApiCall.Status.CUT and bill.certainty == ApiCall.Certainty.ESTIMATED
        keep_rest = cut and awaiting_count().filter(id=call_id).exists()
        budgets.release(call_id, bill.cost_usd if known else None, keep_rest=keep_rest)
    return bool(settled)


def awaiting_count() -> QuerySet[ApiCall]:
    """Return the estimated rows of cut answers whose connection can count tokens and was not asked yet.

    Only a turn keeps what arrived; of a cut summary or title nothing is left to be counted.
    """
    asked = ApiCall.objects.filter(key=Concat(Value(COUNT_PREFIX), OuterRef("key")))
    return ApiCall.objects.filter(
        ~Exists(asked),
        status=ApiCall.Status.CUT,
        certainty=ApiCall.Certainty.ESTIMATED,
        purpose=ApiCall.Purpose.TURN,
        turn__isnull=False,
        connection__isnull=False,
        finished_at__gte=timezone.now() - COUNTABLE_FOR,
    ).exclude(connection__kind__in=WITHOUT_COUNT)


@transaction.atomic
def settle_by_count(call_id: int, output_tokens: int) -> bool:
    """Put a count of what arrived into an estimated bill; False unless the row is one.

    Whoever calls has made sure that it happens once. The prompt stays as the upstream told it.
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
