"""The first page lists what is left to do, until nothing is."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chat.admin.first_steps import STEPS
from chat.models import ApiCall, Assistant, Budget, LanguageModel, ModelPrice, ProviderConnection, User
from tests.admin.world import World


def steps(client: Client) -> dict[str, bool]:
    """Return what the page says, by title: whether it is done."""
    return {
        str(step["title"]): step["done"] for step in client.get(reverse("admin:index")).context["first_steps"]
    }


def test_on_an_empty_installation_all_is_left(db: None, admin_client: Client) -> None:
    ProviderConnection.objects.all().delete()
    assert steps(admin_client) == {str(step.title): False for step in STEPS}
    page = admin_client.get(reverse("admin:index")).content.decode()
    for step in STEPS:
        assert f'href="{reverse(step.page)}"' in page


def test_the_list_disappears_when_all_is_done(world: World, root: Client) -> None:
    ApiCall.objects.update(status="succeeded")
    assert steps(root) == {}
    assert "First steps" not in root.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize(
    ("model", "title"),
    [
        (ApiCall, "Set up a connection and test it"),
        (ModelPrice, "Give each of these models a price"),
        (Budget, "Set a budget"),
    ],
)
def test_a_step_is_open_while_its_rows_lack(world: World, root: Client, model: type, title: str) -> None:
    ApiCall.objects.update(status="succeeded")
    model.objects.all().delete() if model is not ApiCall else ApiCall.objects.update(status="failed")  # type: ignore[attr-defined]
    assert [name for name, done in steps(root).items() if not done] == [title]


def test_what_is_off_does_not_count(world: World, root: Client) -> None:
    ApiCall.objects.update(status="succeeded")
    Assistant.objects.update(enabled=False)
    LanguageModel.objects.update(enabled=False)
    left = [name for name, done in steps(root).items() if not done]
    assert left == [
        "Switch on the models that people may use",
        "Give each of these models a price",
        "Create an assistant",
    ]


def test_staff_see_only_their_own_steps(world: World, staff: Client) -> None:
    assert steps(staff) == {}
    world.staff.user_permissions.set(Permission.objects.filter(codename="add_user"))
    User.objects.exclude(pk=world.staff.pk).update(is_active=False)
    assert steps(staff) == {}, "others are there"
    world.staff.user_permissions.set(Permission.objects.filter(codename="change_providerconnection"))
    assert steps(staff) == {"Set up a connection and test it": False}
