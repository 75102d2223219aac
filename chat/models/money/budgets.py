"""Budgets: limits on money per period, money held for calls under way, and what was spent."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from chat.models.accounts.keys import ApiKey
from chat.models.catalogue.assistants import Assistant
from chat.models.fields import uuid7
from chat.models.money.ledger import USD_FRACTION, ApiCall


class Budget(models.Model):
    """A limit for the workspace, or for one group, person, assistant or key. All that apply to a call must hold."""

    class Scope(models.TextChoices):
        WORKSPACE = "workspace", _("whole workspace")
        GROUP = "group", _("group members together")
        PERSON = "person", _("one person")
        EVERYBODY = "everybody", _("each person")
        ASSISTANT = "assistant", _("one assistant")
        KEY = "key", _("one API key")

    class Period(models.TextChoices):
        DAY = "day", _("day")
        WEEK = "week", _("week")
        MONTH = "month", _("month")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    scope = models.CharField(_("applies to"), max_length=10, choices=Scope.choices)
    # Deleting a group must not lift the limit of its members.
    group = models.ForeignKey(Group, models.PROTECT, null=True, blank=True, verbose_name=_("group"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("person"),
    )
    assistant = models.ForeignKey(
        Assistant, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("assistant")
    )
    api_key = models.ForeignKey(
        ApiKey, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("API key")
    )
    period = models.CharField(_("period"), max_length=5, choices=Period.choices, default=Period.MONTH)
    hard_limit_usd = models.DecimalField(_("limit (USD)"), max_digits=12, decimal_places=2)
    soft_limit_usd = models.DecimalField(
        _("warn from (USD)"), max_digits=12, decimal_places=2, null=True, blank=True
    )
    enabled = models.BooleanField(_("enabled"), default=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        constraints = [
            models.CheckConstraint(
                name="budget_scope_has_its_row",
                condition=Q(
                    scope__in=("workspace", "everybody"),
                    group=None,
                    person=None,
                    assistant=None,
                    api_key=None,
                )
                | Q(scope="group", group__isnull=False, person=None, assistant=None, api_key=None)
                | Q(scope="person", group=None, person__isnull=False, assistant=None, api_key=None)
                | Q(scope="assistant", group=None, person=None, assistant__isnull=False, api_key=None)
                | Q(scope="key", group=None, person=None, assistant=None, api_key__isnull=False),
                violation_error_message=_("Choose the one that this budget applies to."),
            ),
            models.CheckConstraint(
                name="budget_limits_in_order",
                condition=Q(hard_limit_usd__gte=0)
                & (
                    Q(soft_limit_usd=None) | Q(soft_limit_usd__gte=0, soft_limit_usd__lte=F("hard_limit_usd"))
                ),
                violation_error_message=_("The warning amount must not be above the limit."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BudgetPeriodQuerySet(models.QuerySet["BudgetPeriod"]):
    def locked(self, ids: Iterable[int]) -> "dict[int, BudgetPeriod]":
        """Lock these periods until the end of the transaction; return them by id.

        They are locked in the order of their ids, so that two calls never wait for each other. On SQLite write
        transactions exclude each other anyway.
        """
        wanted = set(ids)
        if not wanted:
            return {}
        rows = self.select_for_update().filter(id__in=wanted).order_by("id")
        return {period.pk: period for period in rows}


class BudgetPeriod(models.Model):
    """One period of one budget (and of one person, for budgets of each person): what is spent and what is held."""

    budget = models.ForeignKey(Budget, models.CASCADE, related_name="periods", verbose_name=_("budget"))
    # The person for budgets of each person, "" otherwise; text, so that the uniqueness below is simple.
    subject = models.CharField(_("subject"), max_length=40, blank=True, default="")
    starts_on = models.DateField(_("starts on"))
    spent_usd = models.DecimalField(_("spent (USD)"), max_digits=18, decimal_places=10, default=Decimal(0))
    held_usd = models.DecimalField(_("reserved (USD)"), max_digits=18, decimal_places=10, default=Decimal(0))

    objects = BudgetPeriodQuerySet.as_manager()

    class Meta:
        verbose_name = _("budget period")
        verbose_name_plural = _("budget periods")
        constraints = [
            models.UniqueConstraint(fields=["budget", "subject", "starts_on"], name="budget_period_once"),
            models.CheckConstraint(
                name="budget_period_not_negative", condition=Q(spent_usd__gte=0, held_usd__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.budget} {self.starts_on}"

    def add(self, *, spent_usd: Decimal = Decimal(0), held_usd: Decimal = Decimal(0)) -> None:
        """Add to the sums of this row, which the caller has locked.

        The sums are made with exact decimals in Python, because SQLite adds in binary fractions.
        """
        self.spent_usd += spent_usd
        self.held_usd += held_usd
        self.save(update_fields=["spent_usd", "held_usd"])


class BudgetHoldQuerySet(models.QuerySet["BudgetHold"]):
    def open(self) -> Self:
        return self.filter(released_at=None)

    def settle(self, cost_usd: Decimal | None, *, keep_rest: bool = False) -> bool:
        """Turn the open holds into spent money, in the caller's transaction; return whether one was open.

        The rest is free again, or with `keep_rest` stays held for a better bill. An unknown cost (None) counts as
        all that was held. As long as a rest is held, settling again with another cost corrects the sums.
        """
        periods = BudgetPeriod.objects.locked(self.open().values_list("period_id", flat=True))
        # Read again under the lock: another transaction may have settled them in the meantime.
        holds = list(self.open().filter(period_id__in=periods)) if periods else []
        for hold in holds:
            hold.settle(periods[hold.period_id], cost_usd, keep_rest=keep_rest)
        return bool(holds)


class BudgetHold(models.Model):
    """Money held in one period for one call, until its bill is known."""

    period = models.ForeignKey(BudgetPeriod, models.CASCADE, related_name="holds", verbose_name=_("period"))
    call = models.ForeignKey(
        ApiCall, models.SET_NULL, null=True, related_name="holds", verbose_name=_("API call")
    )
    amount_usd = models.DecimalField(_("reserved (USD)"), max_digits=18, decimal_places=10)
    settled_usd = models.DecimalField(_("settled (USD)"), max_digits=18, decimal_places=10, null=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    objects = BudgetHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("budget reservation")
        verbose_name_plural = _("budget reservations")
        indexes = [models.Index(fields=["created_at"], name="hold_open", condition=Q(released_at=None))]
        constraints = [
            models.UniqueConstraint(fields=["period", "call"], name="hold_once_per_call"),
            models.CheckConstraint(name="hold_not_negative", condition=Q(amount_usd__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.amount_usd} USD"

    def settle(self, period: BudgetPeriod, cost_usd: Decimal | None, *, keep_rest: bool) -> None:
        """Settle this open hold and the sums of its `period`, which is locked; see `BudgetHoldQuerySet.settle`."""
        cost = self.amount_usd if cost_usd is None else cost_usd.quantize(USD_FRACTION)
        rest = max(Decimal(0), self.amount_usd - cost) if keep_rest else Decimal(0)
        period.add(spent_usd=cost - (self.settled_usd or Decimal(0)), held_usd=rest - self.amount_usd)
        self.settled_usd, self.released_at = cost, None if rest else timezone.now()
        self.amount_usd = rest or self.amount_usd
        self.save(update_fields=["settled_usd", "amount_usd", "released_at"])
