"""Addresses that nothing has, and pages for staff who may only look, end without a server error."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.admin.test_access import HISTORY, TABLES
from tests.admin.world import World

VIEWS = ("change", "delete", "history")
STRANGE = ("abc", "0", "99999999999999999999", "00000000-0000-0000-0000-000000000000", "_00", "%00", "-1")


@pytest.mark.parametrize("name", TABLES)
def test_rows_that_do_not_exist_are_no_errors(world: World, root: Client, name: str) -> None:
    for view in VIEWS:
        for strange in STRANGE:
            response = root.get(reverse(f"admin:{name}_{view}", args=[strange]))
            assert response.status_code in (302, 403, 404), (view, strange)


@pytest.mark.parametrize("name", [*HISTORY, "chat_budget", "chat_workspace"])
def test_versions_that_do_not_exist_are_not_found(world: World, root: Client, name: str) -> None:
    row = world.rows[name]
    for version in STRANGE:
        for key in (str(row.pk), *STRANGE):
            address = f"{reverse(f'admin:{name}_changelist')}{key}/history/{version}/"
            assert root.get(address).status_code in (301, 404), address


@pytest.mark.parametrize("name", TABLES)
def test_view_rights_open_every_page_that_they_name(world: World, staff: Client, name: str) -> None:
    world.staff.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    for view in ("changelist", "change", "history"):
        assert staff.get(world.url(name, view), follow=True).status_code == 200, view


def test_actions_on_rows_that_do_not_exist(world: World, root: Client) -> None:
    for options in admin.site._registry.values():
        for action in (*options._get_base_actions_detail(), *options._get_base_actions_row()):
            for strange in STRANGE:
                response = root.get(reverse(f"admin:{action.action_name}", args=[strange]))
                assert response.status_code < 500, (action.action_name, strange)
                response = root.post(
                    reverse(f"admin:{action.action_name}", args=[strange]), {"_form_submitted": "True"}
                )
                assert response.status_code < 500, (action.action_name, strange)
