"""The ledger's journeys: a row is opened before a request leaves and settled exactly once, priced at that moment."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils import timezone

from chat.claude.diagnosis import Foreseen, diagnose
from chat.claude.pricing import PriceRow, choose_row, estimate_tokens, is_billed, price
from chat.claude.usage import Usage
from chat.models import ApiCall, LanguageModel

CENT_FRACTION = Decimal("0.0000000001")


@dataclasses.dataclass(frozen=True, slots=True)
class Bill:
    """What one call cost: usage as the upstream told it, USD, the unit prices and how sure all of it is."""

    usage: dict[str, Any] | None
    counted: Usage
    cost_usd: Decimal
    unit_prices: dict[str, str] | None
    certainty: str


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
    foreseen: Foreseen = dataclasses.field(default_factory=Foreseen)


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
    row = choose_row(prices, counted)
    if row is None:
        return Bill(usage, counted, Decimal(0), None, ApiCall.Certainty.UNKNOWN)
    certainty = ApiCall.Certainty.EXACT if whole else ApiCall.Certainty.ESTIMATED
    units = {
        field.name: str(getattr(row, field.name))
        for field in dataclasses.fields(row)
        if field.name != "speed"
    }
    return Bill(usage, counted, price(counted, row).total.quantize(CENT_FRACTION), units, certainty)


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


def open_call(*, key: str, model: LanguageModel, purpose: str, door: str, **references: Any) -> int:
    """Write the row of a request that is about to leave; returns its id.

    `references` are columns of `ApiCall`: user_id, api_key_id, conversation_id, turn_id, message_id, frame_digest,
    attempt.
    """
    return ApiCall.objects.create(
        key=key,
        door=door,
        purpose=purpose,
        model=model,
        model_name=model.model_id,
        connection=model.connection,
        connection_name=model.connection.name,
        started_at=timezone.now(),
        **references,
    ).pk


def discard_call(call_id: int) -> None:
    """Remove the row of a request that never reached the upstream."""
    ApiCall.objects.open().filter(id=call_id).delete()


def settle_call(call_id: int, settlement: Settlement) -> bool:
    """Settle an open row; False when it was settled before, which changes nothing."""
    bill = settlement.bill
    counters = dataclasses.asdict(bill.counted)
    missed = diagnose(settlement.told, settlement.foreseen, bill.counted)
    return bool(
        ApiCall.objects.open()
        .filter(id=call_id)
        .update(
            **counters,
            status=settlement.status,
            usage=bill.usage,
            unit_prices=bill.unit_prices,
            cost_usd=bill.cost_usd,
            certainty=bill.certainty,
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
