"""Budgets in the admin: their scopes and their figures."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chat.models import Budget, BudgetPeriod
from tests.admin.world import World


def save(client: Client, **fields: Any) -> Any:
    form = {"name": "New", "scope": "workspace", "period": "month", "hard_limit_usd": "5", "enabled": "on"}
    return client.post(reverse("admin:chat_budget_add"), {**form, **fields})


def test_lists_show_spent_and_held_amounts(world: World, root: Client) -> None:
    BudgetPeriod.objects.update(held_usd="0.5")
    for name in ("chat_budget", "chat_budgetperiod"):
        page = root.get(world.url(name)).content.decode()
        assert "$25.00 spent, $0.50 reserved of $100.00" in page
        assert 'value="25.5000000000"' in page


def test_a_period_names_its_person(world: World, root: Client) -> None:
    each = Budget.objects.create(name="Each", scope="everybody", hard_limit_usd=1)
    period = BudgetPeriod.objects.create(budget=each, subject=str(world.person.pk), starts_on="2026-11-22")
    for address in (
        world.url("chat_budgetperiod"),
        reverse("admin:chat_budgetperiod_change", args=[period.pk]),
    ):
        assert "person@example.test" in root.get(address).content.decode()
    gone = "01a204ca-3a3e-7ea0-94d0-6caebf642ca2"
    BudgetPeriod.objects.filter(pk=period.pk).update(subject=gone)
    assert gone in root.get(world.url("chat_budgetperiod")).content.decode()


def test_budget_per_person_has_no_progress_bar(world: World, root: Client) -> None:
    Budget.objects.all().delete()
    Budget.objects.create(name="Each", scope="everybody", hard_limit_usd=1)
    assert "<meter" not in root.get(world.url("chat_budget")).content.decode()


def test_a_budget_is_made_and_changed_with_history(world: World, root: Client) -> None:
    assert save(root).status_code == 302
    made = Budget.objects.get(name="New")
    change = reverse("admin:chat_budget_change", args=[made.pk])
    assert "<meter" in root.get(change).content.decode()
    form = {"name": "New", "scope": "workspace", "period": "day", "hard_limit_usd": "6", "enabled": "on"}
    assert root.post(change, form).status_code == 302
    assert [row.period for row in made.history.order_by("history_id")] == ["month", "day"]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"scope": "person"}, "person", "Choose the one that this budget applies to"),
        ({"scope": "group"}, "group", "Choose the one that this budget applies to"),
        ({"soft_limit_usd": "6"}, "soft_limit_usd", "must not be above the limit"),
        ({"soft_limit_usd": "-1"}, "soft_limit_usd", "0 or more"),
        ({"hard_limit_usd": "-1"}, "hard_limit_usd", "0 or more"),
        ({"soft_limit_usd": "0.001"}, "soft_limit_usd", "2 decimal places"),
    ],
)
def test_errors_stand_at_their_field(
    world: World, root: Client, fields: dict[str, str], field: str, words: str
) -> None:
    errors = save(root, **fields).context["adminform"].form.errors
    assert words in str(errors[field])
    assert "__all__" not in errors
    assert not Budget.objects.filter(name="New").exists()


def test_only_the_target_of_the_scope_is_kept(world: World, root: Client) -> None:
    group, person = str(world.rows["auth_group"].pk), str(world.person.pk)
    assert save(root, scope="group", group=group, person=person).status_code == 302
    made = Budget.objects.get(name="New")
    assert (made.group, made.person) == (world.rows["auth_group"], None)
    change = reverse("admin:chat_budget_change", args=[made.pk])
    form = {"name": "New", "scope": "workspace", "period": "day", "hard_limit_usd": "6", "group": group}
    assert root.post(change, form).status_code == 302
    made.refresh_from_db()
    assert (made.scope, made.group) == ("workspace", None)


def test_staff_see_costs_only_with_permission(world: World, staff: Client) -> None:
    names = ("chat_budget", "chat_budgetperiod")
    assert {staff.get(world.url(name)).status_code for name in names} == {403}
    codes = ["view_budget", "view_budgetperiod"]
    world.staff.user_permissions.add(*Permission.objects.filter(codename__in=codes))
    assert {staff.get(world.url(name)).status_code for name in names} == {200}
