"""Groups: only superusers change them, deleting one opens nothing, and roles are sets of rights."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from chat import access
from chat.admin.people.roles import ROLES
from chat.models import Assistant, Budget
from tests import factories
from tests.admin.world import World


@pytest.fixture
def group(world: World) -> Group:
    found: Group = world.rows["auth_group"]
    return found


def save(client: Client, group: Group, roles: list[str], rights: list[str], **fields: Any) -> Any:
    chosen = Permission.objects.filter(codename__in=rights).values_list("pk", flat=True)
    form = {"name": group.name, "roles": roles, "permissions": [str(key) for key in chosen], **fields}
    return client.post(reverse("admin:auth_group_change", args=[group.pk]), form)


def held(group: Group) -> set[str]:
    return set(group.permissions.values_list("codename", flat=True))


def test_only_superusers_change_groups(world: World, staff: Client, group: Group) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    assert save(staff, group, ["people"], []).status_code == 403
    assert staff.post(reverse("admin:auth_group_add"), {"name": "Mine"}).status_code == 403
    assert staff.post(world.url("auth_group", "delete"), {"post": "yes"}).status_code == 403
    assert list(Group.objects.all()) == [group]
    assert not held(group)


def test_a_deleted_group_opens_no_assistant(world: World, group: Group) -> None:
    assistant = factories.restrict(world.rows["chat_assistant"], group)
    group.delete()
    assert assistant not in access.assistants(world.person)


def test_an_audience_is_not_deleted(world: World, root: Client, group: Group) -> None:
    factories.restrict(world.rows["chat_assistant"], group)
    page = root.get(world.url("auth_group", "delete")).content.decode()
    assert "“Design” is in use" in page
    assert ">Guide</a>" in page
    assert "Are you sure" not in page
    root.post(world.url("auth_group", "delete"), {"post": "yes"})
    selected = {"action": "delete_selected", "_selected_action": [str(group.pk)], "post": "yes"}
    assert "Some of these are in use" in root.post(world.url("auth_group"), selected).content.decode()
    assert Group.objects.filter(pk=group.pk).exists()


def test_a_group_with_a_budget_is_not_deleted(world: World, root: Client, group: Group) -> None:
    Budget.objects.create(name="Design", scope="group", group=group, hard_limit_usd=5)
    assert "Budget: <a" in root.get(world.url("auth_group", "delete")).content.decode()
    root.post(world.url("auth_group", "delete"), {"post": "yes"})
    assert Group.objects.filter(pk=group.pk).exists()


def test_an_unused_group_can_be_deleted(world: World, root: Client, group: Group) -> None:
    assert "Are you sure" in root.get(world.url("auth_group", "delete")).content.decode()
    assert root.post(world.url("auth_group", "delete"), {"post": "yes"}).status_code == 302
    assert not Group.objects.exists()


def test_an_assistant_for_no_one_says_so(world: World, root: Client, group: Group) -> None:
    factories.restrict(world.rows["chat_assistant"], group)
    assert "1 group" in root.get(world.url("chat_assistant")).content.decode()
    group.delete()
    assert "no one" in root.get(world.url("chat_assistant")).content.decode()
    Assistant.objects.update(for_everyone=True)
    assert "everyone" in root.get(world.url("chat_assistant")).content.decode()


@pytest.mark.parametrize("name", ROLES)
def test_a_role_gives_rights_that_exist(world: World, root: Client, group: Group, name: str) -> None:
    assert save(root, group, [name], []).status_code == 302
    assert held(group) == ROLES[name].rights
    page = root.get(world.url("auth_group", "change"))
    assert name in page.context["adminform"].form["roles"].value()


def test_roles_and_single_rights_go_together(world: World, root: Client, group: Group) -> None:
    save(root, group, ["billing"], ["view_turn"])
    assert held(group) == {*ROLES["billing"].rights, "view_turn"}
    save(root, group, ["people"], [*ROLES["billing"].rights, "view_turn", "delete_authenticator"])
    assert held(group) == {*ROLES["people"].rights, "view_turn", "delete_authenticator"}


def test_no_role_touches_groups_or_ranks() -> None:
    every = set().union(*(role.rights for role in ROLES.values()))
    assert not {right for right in every if right.endswith(("_group", "_permission"))}
    assert not {right for right in every if right.startswith("change_") and "connection" in right}


def test_rights_are_listed_by_what_they_allow(world: World, root: Client) -> None:
    page = root.get(world.url("auth_group", "change")).content.decode()
    assert "Assistants: change" in page
    assert "Second factors: delete" in page
    assert "Can " not in page
    assert "Authentication and Authorization |" not in page
    assert "historical" not in page


def test_deleting_lists_no_rows_that_only_join(world: World, root: Client, group: Group) -> None:
    group.user_set.add(world.person)
    save(root, group, ["billing"], [])
    page = root.get(world.url("auth_group", "delete")).content.decode()
    assert "relationship" not in page
    assert "_permissions object" not in page
    assert "Group: <a" in page
