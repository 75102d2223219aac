"""The current period of budgets: when it began, what was spent and held in it, and its row under a lock."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from chat.models import ApiCall, Budget, BudgetHold, BudgetPeriod, Workspace
from chat.models.money.ledger import USD_FRACTION, ApiCallQuerySet
from chat.operations.billing.payer import Payer

ZERO = Decimal(0)
Scope = Budget.Scope


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
    def available_usd(self) -> Decimal:
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


def _subject(budget: Budget, payer: Payer) -> str:
    return str(payer.user_id) if budget.scope == Scope.EVERYBODY else ""


def standing_in(budget: Budget, period: BudgetPeriod) -> BudgetStanding:
    """Return how a budget stands in one of its periods."""
    return BudgetStanding(budget, period.subject, period.starts_on, period.spent_usd, period.held_usd)


def _today(workspace: Workspace) -> dt.date:
    return timezone.now().astimezone(workspace.zone).date()


def read_standings(budgets: Sequence[Budget], payer: Payer) -> list[BudgetStanding]:
    """Return how these budgets stand for a payer, without creating periods.

    A period without a row starts with what the ledger says was spent in it.
    """
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
        found.append(standing_in(budget, period))
    return found


def locked_periods(budgets: Iterable[Budget], payer: Payer) -> list[tuple[Budget, BudgetPeriod]]:
    """Return each budget with its current period, locked until the end of the caller's transaction.

    Missing periods are created.
    """
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
            return calls.of_group(budget.group_id)
        case Scope.PERSON:
            return calls.filter(user=budget.person_id)
        case Scope.EVERYBODY:
            return calls.filter(user_id=subject)
        case Scope.ASSISTANT:
            return calls.filter(assistant=budget.assistant_id)
        case Scope.KEY:
            return calls.filter(api_key=budget.api_key_id)
    return calls
