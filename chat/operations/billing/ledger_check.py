"""Checks of the ledger: sums that must agree, rows that must not exist, and rows that must.

The ledger can also be compared with an upstream's own invoice, request by request; the simulator prints one.
"""

import dataclasses
import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from chat.claude.billing.usage import Usage
from chat.models import ApiCall, BudgetHold, BudgetPeriod, Turn
from chat.models.ids import TurnId
from chat.models.transcript.turns import FINISHED
from chat.operations.billing.ledger import cost_of, counters_of

# Calls of jobs time out after a minute. A turn's call is settled with its turn.
OPEN_TOO_LONG = dt.timedelta(minutes=15)
# SQLite adds in binary fractions, so its sums may be off by this much.
ROUNDING_USD = Decimal("0.000001")
COUNTERS = tuple(field.name for field in dataclasses.fields(Usage))
# The names of the prompt's and the output's counters on an invoice.
PROMPT = {
    "input_tokens": "input_tokens",
    "cache_write_5m_tokens": "ephemeral_5m_input_tokens",
    "cache_write_1h_tokens": "ephemeral_1h_input_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "web_search_requests": "web_search_requests",
}
OUTPUT = {"output_tokens": "output_tokens", "thinking_tokens": "thinking_tokens"}


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One inconsistency: its kind, the key of the row or turn, and what was found."""

    kind: str
    subject: str
    detail: str


@dataclasses.dataclass(slots=True)
class Report:
    """What was checked, and the findings."""

    calls: int = 0
    turns: int = 0
    cost_usd: Decimal = Decimal(0)
    certainties: Counter[str] = dataclasses.field(default_factory=Counter)
    findings: list[Finding] = dataclasses.field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.findings


def check_ledger() -> Report:
    """Check every row of the ledger and every finished turn, in a constant number of queries."""
    report = Report(turns=Turn.objects.filter(status__in=FINISHED).count())
    for rule in (
        _turns_without_call,
        _rows_left_open,
        _misplaced_rows,
        _repeated_requests,
        _wrong_periods,
        _wrong_holds,
        _stale_holds,
    ):
        report.findings += rule()
    per_turn: dict[Any, Decimal] = defaultdict(Decimal)
    numbers: dict[str, set[int]] = defaultdict(set)
    for row in ApiCall.objects.order_by("id").iterator(chunk_size=2000):
        report.calls += 1
        report.certainties[row.status if row.status == ApiCall.Status.OPEN else row.certainty] += 1
        cost = _recomputed(row)
        report.cost_usd += row.cost_usd
        per_turn[row.turn_id] += row.cost_usd if cost is None else cost
        report.findings += _problems_of(row, cost)
        if row.purpose == ApiCall.Purpose.TURN:
            turn, _fence, number, _attempt = row.key.split(":")
            numbers[turn].add(int(number))
    report.findings += _wrong_sums(per_turn)
    report.findings += _missing_calls(numbers)
    return report


def check_invoice(rows: Iterable[Mapping[str, Any]], *, connection: str = "") -> list[Finding]:
    """Compare an upstream's invoice with the ledger rows of a connection, or of all connections without a name.

    An element of `rows`: {"request_id": "req_…", "billed": true, "usage": {"input_tokens": 7, …}, …}. A ledger row has
    no request id if its call was cut before the answer began; each such row accounts for one row of the invoice that
    the ledger does not name. Counts of tokens are free and appear on no invoice.
    """
    calls = ApiCall.objects.settled().exclude(purpose=ApiCall.Purpose.COUNT).order_by("id")
    if connection:
        calls = calls.filter(connection_name=connection)
    named = {call.upstream_request_id: call for call in calls.exclude(upstream_request_id="")}
    nameless = calls.filter(upstream_request_id="").count()
    invoice = {str(row["request_id"]): row for row in rows}
    findings = [
        Finding("not_on_invoice", named[identifier].key, f"the upstream does not know {identifier}")
        for identifier in named.keys() - invoice.keys()
    ]
    missing = sorted(invoice.keys() - named.keys())
    findings += [
        Finding("not_in_ledger", identifier, "the upstream answered this request, and no row knows it")
        for identifier in missing[nameless:]
    ]
    for identifier in invoice.keys() & named.keys():
        findings += _differences(named[identifier], invoice[identifier]["usage"])
    return sorted(findings, key=dataclasses.astuple)


def _problems_of(row: ApiCall, cost: Decimal | None) -> Iterator[Finding]:
    if row.status != ApiCall.Status.OPEN and row.finished_at is None:
        yield Finding("settled_without_end", row.key, f"{row.status}, but no time of its end")
    if cost is None:
        yield Finding("wrong_cost", row.key, f"its unit prices can't be read: {row.unit_prices!r}")
    elif cost != row.cost_usd:
        yield Finding("wrong_cost", row.key, f"{row.cost_usd} USD, but its prices and counters make {cost}")
    if row.certainty == ApiCall.Certainty.EXACT and row.unit_prices and row.usage is not None:
        told = Usage.from_api(row.usage)
        for name in COUNTERS:
            if getattr(row, name) != getattr(told, name):
                seen = f"{name} is {getattr(row, name)}, but the upstream told {getattr(told, name)}"
                yield Finding("wrong_counter", row.key, seen)


def _recomputed(row: ApiCall) -> Decimal | None:
    """Return the cost by the prices that were copied into the row; None if they can't be read."""
    if not row.unit_prices:
        return Decimal(0)
    try:
        return cost_of(counters_of(row), row.unit_prices)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _turns_without_call() -> Iterator[Finding]:
    paid = ApiCall.objects.filter(turn=OuterRef("pk"), status=ApiCall.Status.SUCCEEDED)
    ended = (Turn.Status.COMPLETED, Turn.Status.REFUSED)
    unpaid = Turn.objects.filter(~Exists(paid), status__in=ended, is_copy=False)
    for identifier, status in unpaid.order_by("id").values_list("id", "status"):
        yield Finding("turn_without_call", str(identifier), f"{status} without a call that succeeded")


def _rows_left_open() -> Iterator[Finding]:
    late = timezone.now() - OPEN_TOO_LONG
    left = ApiCall.objects.open().filter(Q(turn__status__in=FINISHED) | Q(turn=None, started_at__lt=late))
    for key, status in left.order_by("id").values_list("key", "turn__status"):
        yield Finding(
            "left_open", key, f"its turn is {status}" if status else "it has no turn and began long ago"
        )


def _misplaced_rows() -> Iterator[Finding]:
    elsewhere = (
        ~Q(message__turn=F("turn"))
        | ~Q(message__conversation=F("conversation"))
        | ~Q(turn__conversation=F("conversation"))
    )
    rows = ApiCall.objects.filter(elsewhere, turn__isnull=False, message__isnull=False)
    for key in rows.order_by("id").values_list("key", flat=True):
        yield Finding("misplaced", key, "its message, turn and conversation do not belong together")
    keyed = ApiCall.objects.filter(purpose=ApiCall.Purpose.TURN, turn__isnull=False)
    for key, turn in keyed.order_by("id").values_list("key", "turn_id").iterator(chunk_size=2000):
        if not key.startswith(f"{turn}:"):
            yield Finding("misplaced", key, f"its key names another turn than {turn}")


def _repeated_requests() -> Iterator[Finding]:
    known = ApiCall.objects.exclude(upstream_request_id="")
    groups = known.values("connection_name", "upstream_request_id").annotate(rows=Count("id"))
    for group in groups.filter(rows__gt=1).order_by("upstream_request_id"):
        yield Finding(
            "repeated_request",
            group["upstream_request_id"],
            f"{group['rows']} rows paid for this one request",
        )


def _wrong_sums(per_turn: Mapping[TurnId | None, Decimal]) -> Iterator[Finding]:
    """Compare the sums of the database with the recomputed costs of the rows."""
    sums = ApiCall.objects.values_list("turn_id").annotate(total=Sum("cost_usd"))
    for turn, total in sums.order_by("turn_id"):
        if abs(total - per_turn[turn]) > ROUNDING_USD:
            name = f"turn {turn}" if turn else "calls without a turn"
            yield Finding("wrong_sum", name, f"{total} USD in all, but its rows are worth {per_turn[turn]}")


def _missing_calls(numbers: Mapping[str, set[int]]) -> Iterator[Finding]:
    """Find gaps in the numbers of a turn's calls: each call is only made after the one before it succeeded.

    A turn that waited for a person continues under another fence; the numbers of its calls continue too.
    """
    for turn, calls in numbers.items():
        for number in sorted(set(range(1, max(calls))) - calls):
            yield Finding(
                "missing_call", f"{turn}:{number}", f"call {max(calls)} was made, but this one has no row"
            )


def _differences(call: ApiCall, billed: Mapping[str, int]) -> Iterator[Finding]:
    """Compare every counter of an exact row, the prompt of an estimated one, and nothing of an unknown one."""
    compared = {"exact": PROMPT | OUTPUT, "estimated": PROMPT}.get(call.certainty, {})
    for ours, theirs in compared.items():
        if getattr(call, ours) != billed[theirs]:
            seen = f"{ours} is {getattr(call, ours)}, but the invoice says {billed[theirs]}"
            yield Finding("differs_from_invoice", call.key, seen)


def _wrong_periods() -> Iterator[Finding]:
    """Compare the spent and held sums of periods with their holds."""
    sums = BudgetPeriod.objects.annotate(
        spent_sum=Sum("holds__settled_usd"),
        held_sum=Sum("holds__amount_usd", filter=Q(holds__released_at=None)),
    ).select_related("budget")
    for period in sums.order_by("id"):
        for name, total in (
            ("spent", period.spent_sum or Decimal(0)),
            ("held", period.held_sum or Decimal(0)),
        ):
            told = getattr(period, f"{name}_usd")
            if abs(told - total) > ROUNDING_USD:
                yield Finding(
                    "wrong_budget_sum", str(period), f"{told} USD {name}, but its holds make {total}"
                )


def _wrong_holds() -> Iterator[Finding]:
    """Compare settled holds with the costs of their calls. An unknown cost counts as all that was held."""
    settled = BudgetHold.objects.filter(call__isnull=False, settled_usd__isnull=False)
    known = settled.exclude(call__certainty=ApiCall.Certainty.UNKNOWN)
    wrong = known.exclude(settled_usd=F("call__cost_usd")).order_by("id")
    for key, charged, cost in wrong.values_list("call__key", "settled_usd", "call__cost_usd"):
        yield Finding("wrong_hold", key, f"{charged} USD in its budget, but the call cost {cost}")


def _stale_holds() -> Iterator[Finding]:
    """Find holds that hold money for no open call and do not wait for a count."""
    left = BudgetHold.objects.open().exclude(call__status=ApiCall.Status.OPEN)
    for hold in left.exclude(call__in=ApiCall.objects.awaiting_count()).select_related("call").order_by("id"):
        key = hold.call.key if hold.call else f"hold {hold.pk}"
        yield Finding("stale_hold", key, f"{hold.amount_usd} USD are held, but nothing is under way")
