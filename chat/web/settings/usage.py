"""A person's own usage: charts of cost, tokens and cache savings by day and model, and what is left of budgets."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chat.models import User
from chat.operations.billing.budgets import own_standings
from chat.operations.billing.usage_report import UsageOfDay, usage_by_day
from chat.operations.turns.answer_costs import cost_detail
from chat.presentation.charts import Chart, Number, stacked_chart
from chat.presentation.figures import CENT, rounded_usd
from chat.presentation.receipt import CostDetail
from chat.presentation.wording import BUDGETS, PERIODS
from chat.web.page import PersonRequest, person_page

YEAR = 365
RANGES = {
    7: gettext_lazy("7 days"),
    30: gettext_lazy("30 days"),
    90: gettext_lazy("90 days"),
    YEAR: gettext_lazy("12 months"),
}
USUAL_RANGE = 30
# What a token was: the label of a series and the columns that it sums.
TOKEN_KINDS = {
    gettext_lazy("Input"): ("input_tokens",),
    gettext_lazy("Read from the cache"): ("cache_read_tokens",),
    gettext_lazy("Written to the cache"): ("cache_write_5m_tokens", "cache_write_1h_tokens"),
    gettext_lazy("Output"): ("output_tokens",),
}


@person_page("GET", "HEAD")
def usage(request: PersonRequest) -> HttpResponse:
    """Show the days of `days`: 7, 30, 90 or 365. Days are those of the person's time zone."""
    days = next((one for one in RANGES if str(one) == request.GET.get("days")), USUAL_RANGE)
    today = timezone.localdate()
    by_month = days == YEAR
    since = _first_of_month(today, 11) if by_month else today - dt.timedelta(days=days - 1)
    places = _places(since, today, by_month=by_month)
    rows = usage_by_day(user=request.user, since=since, zone=timezone.get_current_timezone())
    shows_costs = cost_detail(request.user) != CostDetail.HIDDEN
    context = {
        "ranges": RANGES,
        "days": days,
        "charts": _charts(rows, places, by_month=by_month, shows_costs=shows_costs) if rows else [],
        "sums": _sums(rows, shows_costs),
        "budgets": _budgets(request.user, shows_costs),
        "shows_costs": shows_costs,
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "settings/usage.html", context)


def _first_of_month(day: dt.date, months_back: int) -> dt.date:
    months = day.year * 12 + day.month - 1 - months_back
    return dt.date(months // 12, months % 12 + 1, 1)


def _places(since: dt.date, today: dt.date, *, by_month: bool) -> dict[dt.date, str]:
    """Return the first day and the label of each bar, those without usage too."""
    if by_month:
        months = [_first_of_month(today, back) for back in reversed(range(12))]
        return {month: date_format(month, "YEAR_MONTH_FORMAT") for month in months}
    days = (since + dt.timedelta(days=number) for number in range((today - since).days + 1))
    return {day: date_format(day, "MONTH_DAY_FORMAT") for day in days}


def _charts(
    rows: list[UsageOfDay], places: dict[dt.date, str], *, by_month: bool, shows_costs: bool
) -> list[Chart]:
    labels, zero = list(places.values()), dict.fromkeys(places, 0)

    def series(named: Callable[[UsageOfDay], dict[Any, Number]]) -> dict[str, list[Number]]:
        found: dict[str, dict[dt.date, Number]] = {}
        for row in rows:
            place = row.day.replace(day=1) if by_month else row.day
            for name, value in named(row).items():
                found.setdefault(str(name), dict(zero))[place] += value
        return {name: list(sums.values()) for name, sums in found.items()}

    tokens = series(
        lambda row: {name: sum(row.tokens[one] for one in kinds) for name, kinds in TOKEN_KINDS.items()}
    )
    by_model = series(lambda row: {row.model_name: row.prompt_tokens + row.tokens["output_tokens"]})
    charts = [
        stacked_chart("tokens", _("Tokens by kind"), labels, tokens, _count),
        stacked_chart("models", _("Tokens by model"), labels, by_model, _count),
    ]
    if shows_costs:
        cost = series(lambda row: {row.model_name: row.cost_usd})
        saved = series(lambda row: {_("Saved by the cache"): row.saved_usd})
        charts.insert(0, stacked_chart("cost", _("Cost by model"), labels, cost, _usd, least_top=CENT))
        if any(row.saved_usd for row in rows):
            charts.append(
                stacked_chart("saved", _("Saved by the cache"), labels, saved, _usd, least_top=CENT)
            )
    return charts


def _sums(rows: list[UsageOfDay], shows_costs: bool) -> list[tuple[str, str]]:
    prompt = sum(row.prompt_tokens for row in rows)
    cached = sum(row.tokens["cache_read_tokens"] for row in rows)
    output = sum(row.tokens["output_tokens"] for row in rows)
    sums = [
        (_("Tokens"), _count(prompt + output)),
        (_("Read from the cache"), f"{100 * cached // prompt if prompt else 0} %"),
    ]
    if not shows_costs:
        return sums
    cost = sum((row.cost_usd for row in rows), Decimal(0))
    saved = sum((row.saved_usd for row in rows), Decimal(0))
    return [(_("Cost"), _usd(cost)), *sums, (_("Saved by the cache"), _usd(saved))]


def _budgets(user: User, shows_costs: bool) -> list[dict[str, Any]]:
    """Return the person's budgets in words; without costs their amounts are left out."""
    return [
        {
            "name": capfirst(str(BUDGETS.get(one.budget.scope, one.budget.scope))),
            "period": PERIODS.get(one.budget.period, one.budget.period),
            "percent": one.percent,
            "drawn": min(one.percent, 100),
            "warns": one.warns,
            "spent": _usd(one.spent_usd) if shows_costs else "",
            "left": _usd(one.available_usd) if shows_costs else "",
            "limit": _usd(one.budget.hard_limit_usd) if shows_costs else "",
            "renews_on": one.renews_on,
        }
        for one in own_standings(user)
    ]


def _usd(amount: Decimal | int) -> str:
    """Return a sum in whole cents; a loss of less than a cent is "> −1¢"."""
    amount = Decimal(amount)
    if amount >= 0:
        return rounded_usd(amount)
    return "> −1¢" if amount > -CENT else f"−{rounded_usd(-amount)}"


def _count(tokens: Number) -> str:
    """Return a number of tokens, of large ones three digits: 12,300 or 1.23M."""
    if tokens < 1_000_000:
        return number_format(int(tokens), use_l10n=True, force_grouping=True)
    return f"{Decimal(tokens) / 1_000_000:.2f}M"
