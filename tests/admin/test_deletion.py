"""What is in use is not deleted: its page says what uses it and offers to switch it off."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.admin.world import World

IN_USE = [
    ("chat_providerconnection", "Guide"),
    ("chat_languagemodel", "Guide"),
    ("chat_systemprompt", "Guide"),
]


def switch_off(world: World, name: str) -> str:
    return reverse(f"admin:{name}_switch_off", args=[world.rows[name].pk])


@pytest.mark.parametrize(("name", "user"), IN_USE)
def test_what_is_in_use_names_its_users(world: World, root: Client, name: str, user: str) -> None:
    page = root.get(world.url(name, "delete")).content.decode()
    assert "is in use" in page
    assert f">{user}</a>" in page
    assert "Are you sure" not in page
    assert (switch_off(world, name) in page) == (name != "chat_systemprompt"), "a prompt has no switch"


@pytest.mark.parametrize("name", ["chat_providerconnection", "chat_languagemodel", "chat_budget"])
def test_it_is_switched_off_instead(world: World, root: Client, name: str) -> None:
    row = world.rows[name]
    assert switch_off(world, name) in root.get(world.url(name, "delete")).content.decode()
    assert root.get(switch_off(world, name)).status_code == 405
    row.refresh_from_db()
    assert row.enabled, "a link alone changes nothing"
    page = root.post(switch_off(world, name), follow=True)
    assert "was switched off" in page.content.decode()
    row.refresh_from_db()
    assert not row.enabled
    assert row.history.latest().enabled is False
    assert switch_off(world, name) not in root.get(world.url(name, "delete")).content.decode()


def test_records_keep_their_budget(world: World, root: Client) -> None:
    page = root.get(world.url("chat_budget", "delete")).content.decode()
    assert "can’t be deleted" in page
    assert "budget periods" in page or "budget period" in page


def test_switching_off_needs_the_change_permission(world: World, staff: Client) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename="view_languagemodel"))
    assert staff.post(switch_off(world, "chat_languagemodel")).status_code == 403
    world.rows["chat_languagemodel"].refresh_from_db()
    assert world.rows["chat_languagemodel"].enabled


def test_rows_without_a_switch_have_no_address(world: World, root: Client) -> None:
    assert root.post(switch_off(world, "chat_systemprompt")).status_code == 404
    missing: Any = reverse("admin:chat_budget_switch_off", args=["00000000-0000-0000-0000-000000000000"])
    assert root.post(missing).status_code == 404


def test_unused_rows_are_deleted_after_a_question(world: World, root: Client) -> None:
    world.rows["chat_tooldefinition"].assistant_links.all().delete()
    assert "Are you sure" in root.get(world.url("chat_tooldefinition", "delete")).content.decode()
