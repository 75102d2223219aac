"""What people read about budgets: on the page, and below an answer that the money did not last for."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from chat.models import Budget
from chat.operations.billing.payer import Payer
from chat.presentation.endings import ending
from chat.presentation.wording import budget_text, failure_text, soft_limit_text
from tests import factories


@pytest.mark.django_db
def test_a_passed_warning_is_a_line_on_the_page() -> None:
    person, other = factories.person(), factories.person("outsider")
    budget = Budget.objects.create(
        name="Hers", scope="person", person=person, hard_limit_usd=10, soft_limit_usd=8
    )
    factories.budget_room(Payer(person.pk))
    client, stranger = Client(), Client()
    client.force_login(person)
    stranger.force_login(other)
    for address in ("/", "/budget"):
        assert "budget__line" not in client.get(address).content.decode()
    budget.periods.update(spent_usd="8.25")
    for address in ("/", "/budget"):
        shown = client.get(address).content.decode()
        assert "$8.25 of $10.00 used this month (your budget). It renews on" in shown
        assert "budget__line" not in stranger.get(address).content.decode()


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("spent everybody day 2026-11-23", "Your budget for today is used up. It renews on Nov. 23, 2026."),
        ("held group week 2026-11-30", "have reserved the rest of your group’s budget for this week."),
        (
            "little assistant month 2026-12-01",
            "more than what is left of this assistant’s budget for this month.",
        ),
        ("spent new-scope year 2026-12-01", "New-scope for year"),
        ("", "The budget is used up."),
        ("odd words", "The budget is used up."),
        ("spent workspace", "The budget is used up."),
    ],
)
def test_refusals_name_the_limit_and_its_renewal(detail: str, words: str) -> None:
    with translation.override("en"):
        assert words in budget_text(detail)
        assert failure_text("budget", detail) == budget_text(detail)
        found = ending("failed", "", "budget", detail)
        assert found
        assert (found.tone, found.text) == ("error", budget_text(detail))


def test_a_warning_says_how_much_is_used() -> None:
    with translation.override("en"):
        assert soft_limit_text("key", "week", "2026-11-30", Decimal("0.3099"), Decimal(5)) == (
            "$0.31 of $5.00 used this week (this API key’s budget). It renews on Nov. 30."
        )
