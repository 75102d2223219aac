"""Budgets: which apply to a call, how they stand, and the money that is held before a call and settled after it.

A hold takes the most that a call can cost from every budget that applies, all or none, under the lock of their
periods. So the money spent and held never passes a limit, however many calls begin at the same moment.
"""

import dataclasses
import time
from collections.abc import Iterable, Sequence
from decimal import ROUND_UP, Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q

from chat.models import Budget, BudgetHold, BudgetPeriod, User
from chat.models.money.ledger import USD_FRACTION
from chat.operations.billing.budget_periods import (
    ZERO,
    BudgetStanding,
    locked_periods,
    read_standings,
    standing_in,
)
from chat.operations.billing.payer import Payer
from chat.operations.errors import OperationError
from chat.presentation import wording

ADMITTED_SECONDS = 2.0
Scope = Budget.Scope


class BudgetExceeded(OperationError):
    """A budget has too little left; nothing was changed. `detail` is for `wording.budget_text`."""

    def __init__(self, detail: str) -> None:
        super().__init__("budget", wording.budget_text(detail), status=402)
        self.detail = detail


@dataclasses.dataclass(frozen=True, slots=True)
class LockedBudgets:
    """The budgets that apply to one call, with their current periods locked until the end of the transaction."""

    pairs: Sequence[tuple[Budget, BudgetPeriod]] = ()

    @property
    def available_usd(self) -> Decimal | None:
        """The most that the call may cost; None where no budget applies."""
        return min((standing.available_usd for standing in self._standings()), default=None)

    @property
    def warns(self) -> bool:
        """Whether a soft limit is reached."""
        return any(standing.warns for standing in self._standings())

    def hold(self, call_id: int, amount_usd: Decimal) -> None:
        """Hold money for one call in every budget, all or none.

        Raises:
            BudgetExceeded: one of them has less left; nothing is held.
        """
        amount = amount_usd.quantize(USD_FRACTION, ROUND_UP)
        if any(amount > standing.available_usd for standing in self._standings()):
            raise self.refusal()
        for _budget, period in self.pairs:
            period.add(held_usd=amount)
        BudgetHold.objects.bulk_create(
            [BudgetHold(period=period, call_id=call_id, amount_usd=amount) for _budget, period in self.pairs]
        )

    def refusal(self) -> BudgetExceeded:
        """Return the refusal that names the tightest budget, for a call that costs more than is left."""
        tightest = min(self._standings(), key=lambda standing: standing.available_usd)
        return BudgetExceeded(tightest.detail(_reason(tightest)))

    def _standings(self) -> list[BudgetStanding]:
        return [standing_in(budget, period) for budget, period in self.pairs]


def lock(payer: Payer, known: list[Budget] | None = None) -> LockedBudgets:
    """Lock the budgets that apply to a call of this payer, in the caller's transaction.

    Their current periods are created if they are missing. The budgets are read once: what is bounded, held and
    warned about in one transaction is the same list. `known` are the budgets, if they were read a moment ago.
    """
    budgets = applying(payer) if known is None else known
    return LockedBudgets(locked_periods(budgets, payer)) if budgets else LockedBudgets()


@dataclasses.dataclass(frozen=True, slots=True)
class Admitted:
    """The budgets that applied when a turn was admitted; its first call reuses them when it follows at once."""

    budgets: list[Budget]
    at: float = dataclasses.field(default_factory=time.monotonic)

    def current(self) -> list[Budget] | None:
        """Return the budgets, or None when they have to be read again: staff may have changed them."""
        return self.budgets if time.monotonic() - self.at < ADMITTED_SECONDS else None


def admit(payer: Payer) -> Admitted:
    """Refuse a turn when nothing is left; return the budgets that apply.

    Raises:
        BudgetExceeded: a budget that applies is used up, or wholly held by calls under way.
    """
    budgets = applying(payer)
    for standing in read_standings(budgets, payer):
        if not standing.available_usd:
            raise BudgetExceeded(standing.detail(_reason(standing)))
    return Admitted(budgets)


def warnings(payer: Payer) -> list[BudgetStanding]:
    """Return the budgets whose soft limit is reached."""
    return [standing for standing in standings(payer) if standing.warns]


@transaction.atomic(savepoint=False)
def release(call_id: int, cost_usd: Decimal | None, *, keep_rest: bool = False) -> None:
    """Turn a call's holds into spent money; see `BudgetHoldQuerySet.settle`."""
    BudgetHold.objects.filter(call_id=call_id).settle(cost_usd, keep_rest=keep_rest)


@transaction.atomic
def free(hold_id: int) -> bool:
    """Free what a stale hold still holds; what was settled stays spent. Return whether it held anything."""
    hold = BudgetHold.objects.filter(id=hold_id).first()
    return hold is not None and BudgetHold.objects.filter(id=hold_id).settle(hold.settled_usd or ZERO)


def drop(call_id: int) -> None:
    """Delete the holds of a call that was never sent."""
    release(call_id, ZERO)
    BudgetHold.objects.filter(call_id=call_id).delete()


def applying(payer: Payer) -> list[Budget]:
    """Return the enabled budgets that apply to a call of this payer, in one query."""
    scopes = Q(scope=Scope.WORKSPACE)
    if payer.user_id is not None:
        scopes |= Q(scope=Scope.EVERYBODY) | Q(person_id=payer.user_id)
        memberships = User.groups.through.objects.filter(user=payer.user_id)
        scopes |= Q(group__in=memberships.values("group"))
    if payer.assistant_id is not None:
        scopes |= Q(assistant_id=payer.assistant_id)
    if payer.api_key_id is not None:
        scopes |= Q(api_key_id=payer.api_key_id)
    return list(Budget.objects.filter(scopes, enabled=True).order_by("id"))


def standings(payer: Payer) -> list[BudgetStanding]:
    """Return how the budgets of this payer stand now."""
    return read_standings(applying(payer), payer)


def own_standings(user: User) -> list[BudgetStanding]:
    """Return the budgets whose amounts a person may see: their own, and those of their groups and keys."""
    groups = Q(group__in=Group.objects.filter(user=user.id))
    own = Q(scope=Scope.EVERYBODY) | Q(person=user) | Q(api_key__user=user) | groups
    return read_standings(
        list(Budget.objects.filter(own, enabled=True).order_by("name", "id")), Payer(user.id)
    )


def standings_of(budgets: Iterable[Budget]) -> dict[Any, BudgetStanding]:
    """Return how these budgets stand now, by their ids.

    Budgets of each person are left out: they have one standing per person.
    """
    shared = [budget for budget in budgets if budget.scope != Scope.EVERYBODY]
    return {standing.budget.pk: standing for standing in read_standings(shared, Payer())}


def _reason(standing: BudgetStanding) -> str:
    if standing.budget.hard_limit_usd <= standing.spent_usd:
        return "spent"
    return "little" if standing.available_usd else "held"
