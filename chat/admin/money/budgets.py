"""Budgets with their spent and held amounts, and their periods."""

import uuid
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chat.admin.base import BigTableAdmin, HistoryAdmin, ReadOnly, cents, shown_if
from chat.admin.deletion import ExplainsUse
from chat.admin.money.budget_form import TARGETS, BudgetForm
from chat.models import Budget, BudgetPeriod, User
from chat.operations.billing.budgets import standings_of


def bar(spent: Decimal, held: Decimal, limit: Decimal, soft: Decimal | None = None) -> SafeString:
    """Return a bar and a text for the used part of a limit. The browser colours the bar above the soft limit."""
    out = spent + held
    top = max(limit, out, Decimal("0.01"))
    words = gettext("%(spent)s spent, %(held)s reserved of %(limit)s") % {
        "spent": cents(spent),
        "held": cents(held),
        "limit": cents(limit),
    }
    return format_html(
        '<div><meter class="max-w-full w-48" min="0" max="{}" low="{}" high="{}" optimum="0" value="{}">{}</meter>'
        "<br>{}</div>",
        f"{top:f}",
        f"{soft if soft is not None else limit:f}",
        f"{limit:f}",
        f"{out:f}",
        words,
        words,
    )


@admin.register(Budget)
class BudgetAdmin(ExplainsUse, HistoryAdmin):
    empty_text = _("No budgets yet. Without a budget, spending has no limit.")
    form = BudgetForm
    conditional_fields: ClassVar[dict[str, str]] = {
        name: shown_if("scope", f"scope === '{scope}'") for scope, name in TARGETS.items()
    }
    list_display = ("name", "scope", "whose", "period", "standing", "enabled")
    list_editable = ("enabled",)
    list_filter = ("scope", "period", "enabled")
    list_select_related = ("group", "person", "assistant", "api_key")
    search_fields = ("name", "group__name", "person__email", "assistant__name", "api_key__name")
    ordering = ("name", "id")
    autocomplete_fields = ("group", "person", "assistant", "api_key")
    readonly_fields = ("standing",)
    warn_unsaved_form = True
    fieldsets = (
        (None, {"fields": ("name", "enabled")}),
        (
            _("Applies to"),
            {
                "fields": ("scope", *TARGETS.values()),
                "description": _(
                    "Choose who or what this budget is for. If several budgets apply, the tightest "
                    "one decides."
                ),
            },
        ),
        (
            _("Amount"),
            {
                "fields": ("period", ("soft_limit_usd", "hard_limit_usd"), "standing"),
                "description": _(
                    "Each request first reserves the most it could cost. From the warning amount on, people "
                    "see a warning; requests beyond the limit are refused. Disabled budgets are not counted."
                ),
            },
        ),
    )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the standings of this page's budgets together, before the cells are rendered."""
        page = super().get_changelist_instance(request)
        found = standings_of(page.result_list)
        for budget in page.result_list:
            budget.known_standing = found.get(budget.pk)
        return page

    @display(description=_("who or what"))
    def whose(self, budget: Budget) -> str:
        return str(budget.group or budget.person or budget.assistant or budget.api_key or "")

    @display(description=_("current period"))
    def standing(self, budget: Any) -> SafeString | str:
        if hasattr(budget, "known_standing"):
            found = budget.known_standing
        else:
            found = None if budget._state.adding else standings_of([budget]).get(budget.pk)
        if found is None:
            return "-"
        return bar(found.spent_usd, found.held_usd, budget.hard_limit_usd, budget.soft_limit_usd)


@admin.register(BudgetPeriod)
class BudgetPeriodAdmin(ReadOnly, BigTableAdmin):
    empty_text = _("No budget has been used yet.")
    list_display = ("budget", "whose", "starts_on", "standing")
    list_filter = ("budget", "starts_on")
    list_select_related = ("budget",)
    search_fields = ("budget__name", "=subject")
    ordering = ("-starts_on", "-id")
    fields = ("budget", "whose", "starts_on", "spent_usd", "held_usd", "standing")
    readonly_fields = ("whose", "standing")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BudgetPeriod]:
        rows: QuerySet[BudgetPeriod] = super().get_queryset(request)
        return rows.select_related("budget")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the people of this page in one query, before the cells are rendered."""
        page = super().get_changelist_instance(request)
        people = User.objects.in_bulk({period.subject for period in page.result_list if period.subject})
        for period in page.result_list:
            period.whose = people.get(uuid.UUID(period.subject)) if period.subject else None
        return page

    @display(description=_("who or what"))
    def whose(self, period: Any) -> str:
        if not period.subject:
            return "-"
        known = period.whose if hasattr(period, "whose") else User.objects.filter(pk=period.subject).first()
        return str(known or period.subject)

    @display(description=_("used of limit"))
    def standing(self, period: BudgetPeriod) -> SafeString:
        limits = period.budget.hard_limit_usd, period.budget.soft_limit_usd
        return bar(period.spent_usd, period.held_usd, *limits)
