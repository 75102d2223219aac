"""The page of a person's own usage."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from chat.models import ApiCall, Budget, User, Workspace
from tests.operations.billing.test_usage_report import PRICES, call

USAGE = "/usage"


def spend(user: User, days_ago: int = 0, **fields: Any) -> None:
    fields = {"unit_prices": PRICES, "input_tokens": 1200, "cost_usd": Decimal("1.25"), **fields}
    ApiCall.objects.bulk_create([call(user, timezone.now() - dt.timedelta(days=days_ago), **fields)])


def shown(client: Client, days: str = "") -> str:
    return client.get(USAGE, {"days": days} if days else {}).content.decode()


def test_signed_out_people_sign_in_first(db: None, client: Client) -> None:
    assert client.get(USAGE).headers["Location"].startswith("/accounts/login/")


def test_nothing_used_is_said(browser: Client, outsider: User) -> None:
    spend(outsider)
    page = shown(browser)
    assert "Nothing was used in this time." in page
    assert "No budget limits you." in page


def test_each_chart_is_a_table_too(browser: Client, insider: User, outsider: User) -> None:
    spend(insider, model_name="claude-one", cache_read_tokens=4_000_000)
    spend(outsider, model_name="claude-foreign")
    page = shown(browser)
    assert page.count('role="group" aria-label="') == page.count("<tfoot>") == 4
    assert "claude-one" in page
    assert "claude-foreign" not in page
    assert "$1.25" in page
    assert "4.00M" in page
    assert "style=" not in page


@pytest.mark.parametrize(("days", "bars"), [("7", 7), ("", 30), ("90", 90), ("365", 12), ("x", 30)])
def test_periods_have_a_bar_for_each_day_or_month(
    browser: Client, insider: User, days: str, bars: int
) -> None:
    for ago in (0, 5, 20, 60, 200):
        spend(insider, ago)
    answer = browser.get(USAGE, {"days": days})
    for chart in answer.context["charts"]:
        assert len(chart.bars) == len(chart.rows) == bars
    reached = {"7": 2, "": 3, "x": 3, "90": 4, "365": 5}[days]
    assert answer.context["sums"][0] == ("Cost", f"${Decimal('1.25') * reached}")


def test_days_are_those_of_the_persons_zone(browser: Client, insider: User) -> None:
    insider.time_zone = "Pacific/Kiritimati"
    insider.save()
    spend(insider)
    answer = browser.get(USAGE, {"days": "7"})
    assert answer.context["zone"] == "Pacific/Kiritimati"
    assert answer.context["charts"][0].bars[-1].parts, "now is the last day there"
    assert "Pacific/Kiritimati" in answer.content.decode()


def test_costs_are_hidden_where_staff_hide_them(browser: Client, insider: User) -> None:
    Workspace.objects.create(shows_costs=False)
    Budget.objects.create(name="Each", scope="everybody", period="month", hard_limit_usd=5)
    spend(insider)
    page = shown(browser)
    assert "$" not in page[page.index("<main") :]
    assert page.count("<tfoot>") == 2
    assert "25%" in page
    insider.is_staff = True
    insider.save()
    assert "$1.25 of $5.00 (25%)" in shown(browser)


def test_budgets_show_what_is_left(browser: Client, insider: User) -> None:
    Budget.objects.create(
        name="Each", scope="everybody", period="month", hard_limit_usd=1, soft_limit_usd="0.5"
    )
    spend(insider)
    page = shown(browser)
    assert "$1.25 of $1.00 (125%)" in page
    assert 'class="usage__used" width="100"' in page
    assert "usage__meter--warns" in page


@pytest.mark.parametrize(("tokens", "words"), [(1_000_000, "−$3.00"), (1_000, "> −1¢")])
def test_a_loss_by_the_cache_is_said(browser: Client, insider: User, tokens: int, words: str) -> None:
    spend(insider, cache_write_1h_tokens=tokens)
    assert escape(words) in shown(browser)


def test_it_takes_a_constant_number_of_queries(
    browser: Client, insider: User, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    spend(insider)
    browser.get(USAGE)
    with django_assert_max_num_queries(9) as few:
        browser.get(USAGE)
    for number in range(30):
        spend(insider, number, model_name=f"claude-{number % 9}")
    with django_assert_num_queries(len(few)):
        browser.get(USAGE)
