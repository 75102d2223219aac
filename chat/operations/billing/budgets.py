"""Budgets: which apply to a call, how they stand, and the money that is held before a call and settled after it.

A hold takes the most that a call can cost from every budget that applies, all or none, under the lock of their
periods. So the money spent and held never passes a limit, however many calls begin at the same moment.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Iterable, Sequence
from decimal import ROUND_UP, Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from chat.models import ApiCall, Budget, BudgetHold, BudgetPeriod, Turn, User, Workspace
from chat.models.ledger import USD_FRACTION, ApiCallQuerySet
from chat.operations.errors import OperationError
from chat.presentation import wording

ZERO = Decimal(0)
ADMITTED_SECONDS = 2.0
Scope = Budget.Scope


@dataclasses.dataclass(frozen=True, slots=True)
class Payer:
    """The person, API key and assistant that a call is made for; None where there is none."""

    user_id: Any = None
    api_key_id: Any = None
    assistant_id: Any = None

    @classmethod
    def of_turn(cls, turn: Turn) -> "Payer":
        return cls(turn.author_id, turn.api_key_id, turn.conversation.assistant_id)


@dataclasses.dataclass(frozen=True, slots=True)
class BudgetStanding:
    """How one budget stands in its current period; amounts in USD."""

    budget: Budget
    subject: str
    starts_on: dt.date
    spent_usd: Decimal = ZERO
    held_usd: Decimal = ZERO

    @property
    def renews_on(self) -> dt.date:
        return renewal(self.budget.period, self.starts_on)

    @property
    def room_usd(self) -> Decimal:
        """The most that a call may cost; never below 0."""
        return max(ZERO, self.budget.hard_limit_usd - self.spent_usd - self.held_usd)

    @property
    def warns(self) -> bool:
        soft = self.budget.soft_limit_usd
        return soft is not None and self.spent_usd >= soft

    @property
    def percent(self) -> int:
        limit = self.budget.hard_limit_usd
        return int(100 * self.spent_usd / limit) if limit else 100

    def detail(self, why: str) -> str:
        """Return the codes that `wording.budget_text` makes a sentence of, in the reader's language."""
        return f"{why} {self.budget.scope} {self.budget.period} {self.renews_on.isoformat()}"


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
    def room_usd(self) -> Decimal | None:
        """The most that the call may cost; None where no budget applies."""
        return min((standing.room_usd for standing in self._standings()), default=None)

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
        if any(amount > standing.room_usd for standing in self._standings()):
            raise self.refusal()
        for _budget, period in self.pairs:
            period.add(held_usd=amount)
        BudgetHold.objects.bulk_create(
            [BudgetHold(period=period, call_id=call_id, amount_usd=amount) for _budget, period in self.pairs]
        )

    def refusal(self) -> BudgetExceeded:
        """Return the refusal that names the tightest budget, for a call that costs more than is left."""
        tightest = min(self._standings(), key=lambda standing: standing.room_usd)
        return BudgetExceeded(tightest.detail(_reason(tightest)))

    def _standings(self) -> list[BudgetStanding]:
        return [_standing(budget, period) for budget, period in self.pairs]


def lock(payer: Payer, known: list[Budget] | None = None) -> LockedBudgets:
    """Lock the budgets that apply to a call of this payer, in the caller's transaction.

    Their current periods are created if they are missing. The budgets are read once: what is bounded, held and
    warned about in one transaction is the same list. `known` are the budgets, if they were read a moment ago.
    """
    budgets = applying(payer) if known is None else known
    return LockedBudgets(_locked_periods(budgets, payer)) if budgets else LockedBudgets()


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
    for standing in _read(budgets, payer):
        if not standing.room_usd:
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
        scopes |= Q(group__in=Group.objects.filter(user=payer.user_id))
    if payer.assistant_id is not None:
        scopes |= Q(assistant_id=payer.assistant_id)
    if payer.api_key_id is not None:
        scopes |= Q(api_key_id=payer.api_key_id)
    return list(Budget.objects.filter(scopes, enabled=True).order_by("id"))


def standings(payer: Payer) -> list[BudgetStanding]:
    """Return how the budgets of this payer stand now."""
    return _read(applying(payer), payer)


def own_standings(user: User) -> list[BudgetStanding]:
    """Return the budgets whose amounts a person may see: their own, and those of their groups and keys."""
    groups = Q(group__in=Group.objects.filter(user=user.id))
    own = Q(scope=Scope.EVERYBODY) | Q(person=user) | Q(api_key__user=user) | groups
    return _read(list(Budget.objects.filter(own, enabled=True).order_by("name", "id")), Payer(user.id))


def standing_of(budget: Budget) -> BudgetStanding | None:
    """Return how one budget stands now; None for a budget of each person, which has one standing per person."""
    return None if budget.scope == Scope.EVERYBODY else _read([budget], Payer())[0]


def period_start(period: str, day: dt.date) -> dt.date:
    """Return the first day of the day's, week's (Monday) or month's period."""
    match period:
        case Budget.Period.DAY:
            return day
        case Budget.Period.WEEK:
            return day - dt.timedelta(days=day.weekday())
    return day.replace(day=1)


def renewal(period: str, start: dt.date) -> dt.date:
    """Return the first day of the period after the one that begins on `start`."""
    match period:
        case Budget.Period.DAY:
            return start + dt.timedelta(days=1)
        case Budget.Period.WEEK:
            return start + dt.timedelta(days=7)
    return (start + dt.timedelta(days=31)).replace(day=1)


def _reason(standing: BudgetStanding) -> str:
    if standing.budget.hard_limit_usd <= standing.spent_usd:
        return "spent"
    return "little" if standing.room_usd else "held"


def _subject(budget: Budget, payer: Payer) -> str:
    return str(payer.user_id) if budget.scope == Scope.EVERYBODY else ""


def _standing(budget: Budget, period: BudgetPeriod) -> BudgetStanding:
    return BudgetStanding(budget, period.subject, period.starts_on, period.spent_usd, period.held_usd)


def _today(workspace: Workspace) -> dt.date:
    return timezone.now().astimezone(workspace.zone).date()


def _read(budgets: Sequence[Budget], payer: Payer) -> list[BudgetStanding]:
    """Read without creating periods; one without a row starts with what the ledger says was spent in it."""
    if not budgets:
        return []
    workspace = Workspace.current()
    today = _today(workspace)
    keys = {budget.pk: (_subject(budget, payer), period_start(budget.period, today)) for budget in budgets}
    known = {
        (period.budget_id, period.subject, period.starts_on): period
        for period in BudgetPeriod.objects.filter(
            budget__in=budgets, starts_on__in={start for _subject_, start in keys.values()}
        )
    }
    found = []
    for budget in budgets:
        subject, start = keys[budget.pk]
        period = known.get((budget.pk, subject, start))
        if period is None:
            spent = _spent_before(budget, subject, _midnight(start, workspace))
            period = BudgetPeriod(budget=budget, subject=subject, starts_on=start, spent_usd=spent)
        found.append(_standing(budget, period))
    return found


def _locked_periods(budgets: Iterable[Budget], payer: Payer) -> list[tuple[Budget, BudgetPeriod]]:
    workspace = Workspace.current()
    today = _today(workspace)
    pairs = [(budget, _period(budget, payer, today, workspace)) for budget in budgets]
    locked = BudgetPeriod.objects.locked(period.pk for _budget, period in pairs)
    return [(budget, locked[period.pk]) for budget, period in pairs]


def _period(budget: Budget, payer: Payer, today: dt.date, workspace: Workspace) -> BudgetPeriod:
    """Return the current period; a new one starts with what the ledger says was spent in it before."""
    start, subject = period_start(budget.period, today), _subject(budget, payer)
    period, created = BudgetPeriod.objects.get_or_create(budget=budget, subject=subject, starts_on=start)
    if created:
        spent = _spent_before(budget, subject, _midnight(start, workspace))
        if spent:
            BudgetPeriod.objects.filter(id=period.pk).update(spent_usd=spent)
            now = timezone.now()
            # `check_ledger` compares a period with the sum of its holds, so this money needs a settled hold.
            BudgetHold.objects.create(period=period, amount_usd=0, settled_usd=spent, released_at=now)
    return period


def _midnight(day: dt.date, workspace: Workspace) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workspace.zone)


def _spent_before(budget: Budget, subject: str, since: dt.datetime) -> Decimal:
    calls = _calls_of(budget, subject).settled().filter(started_at__gte=since)
    total: Decimal = calls.aggregate(total=Sum("cost_usd"))["total"] or ZERO
    return total.quantize(USD_FRACTION)


def _calls_of(budget: Budget, subject: str) -> ApiCallQuerySet:
    calls = ApiCall.objects.all()
    match budget.scope:
        case Scope.GROUP:
            return calls.filter(user__groups=budget.group_id)
        case Scope.PERSON:
            return calls.filter(user=budget.person_id)
        case Scope.EVERYBODY:
            return calls.filter(user_id=subject)
        case Scope.ASSISTANT:
            return calls.filter(conversation__assistant=budget.assistant_id)
        case Scope.KEY:
            return calls.filter(api_key=budget.api_key_id)
    return calls
