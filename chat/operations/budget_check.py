"""The budgets' part of the ledger's self-check: periods agree with their holds, and holds with the ledger."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from django.db.models import F, Q, Sum

from chat.models import ApiCall, BudgetHold, BudgetPeriod
from chat.operations.billing.ledger import awaiting_count
from chat.operations.findings import Finding

# SQLite adds up in binary fractions.
ROUNDING_USD = Decimal("0.000001")
ZERO = Decimal(0)


def wrong_periods() -> Iterator[Finding]:
    """Compare what periods say is spent and held with the sums of their holds."""
    sums = BudgetPeriod.objects.annotate(
        spent_sum=Sum("holds__settled_usd"),
        held_sum=Sum("holds__amount_usd", filter=Q(holds__released_at=None)),
    ).select_related("budget")
    for period in sums.order_by("id"):
        for name, total in (("spent", period.spent_sum or ZERO), ("held", period.held_sum or ZERO)):
            told = getattr(period, f"{name}_usd")
            if abs(told - total) > ROUNDING_USD:
                yield Finding(
                    "wrong_budget_sum", str(period), f"{told} USD {name}, but its holds make {total}"
                )


def wrong_holds() -> Iterator[Finding]:
    """Compare what holds were settled with and what their calls cost; unknown calls count as all that was held."""
    settled = BudgetHold.objects.filter(call__isnull=False, settled_usd__isnull=False)
    known = settled.exclude(call__certainty=ApiCall.Certainty.UNKNOWN)
    wrong = known.exclude(settled_usd=F("call__cost_usd")).order_by("id")
    for key, charged, cost in wrong.values_list("call__key", "settled_usd", "call__cost_usd"):
        yield Finding("wrong_hold", key, f"{charged} USD in its budget, but the call cost {cost}")


def stale_holds() -> Iterator[Finding]:
    """Name holds that hold money for no open call, save rests that wait for a count."""
    left = BudgetHold.objects.open().exclude(call__status=ApiCall.Status.OPEN)
    for hold in left.exclude(call__in=awaiting_count()).select_related("call").order_by("id"):
        key = hold.call.key if hold.call else f"hold {hold.pk}"
        yield Finding("stale_hold", key, f"{hold.amount_usd} USD are held, but nothing is under way")


BUDGETS: tuple[Callable[[], Iterator[Finding]], ...] = (wrong_periods, wrong_holds, stale_holds)
