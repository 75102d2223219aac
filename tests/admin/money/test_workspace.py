"""The workspace: one row, whose form takes the place of a list."""

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from chat.models import Workspace
from tests.admin.world import World

FORM = {
    "name": "Studio",
    "time_zone": "Asia/Seoul",
    "daily_upload_mb": "30",
    "stored_files_mb": "0",
    "sharing": "off",
    "project_share_percent": "20",
    "temporary_hours": "24",
}


def test_the_menu_leads_to_the_form(world: World, root: Client) -> None:
    page = root.get(world.url("chat_workspace"))
    assert page.headers["Location"] == world.url("chat_workspace", "change")


def test_there_is_one_workspace(world: World, root: Client) -> None:
    change = world.url("chat_workspace", "change")
    assert root.post(reverse("admin:chat_workspace_add"), FORM).status_code == 403
    assert root.post(world.url("chat_workspace", "delete"), {"post": "yes"}).status_code == 403
    assert root.post(change, FORM).status_code == 302
    current = Workspace.current()
    assert (current.time_zone, current.daily_upload_mb, current.stored_files_mb) == ("Asia/Seoul", 30, 0)
    assert root.get(reverse("admin:chat_workspace_change", args=[2])).status_code == 302


def test_the_first_save_stores_the_row(world: World, root: Client) -> None:
    change = world.url("chat_workspace", "change")
    Workspace.objects.all().delete()
    assert root.get(change).status_code == 200
    assert not Workspace.objects.exists(), "looking stores nothing"
    assert root.post(change, FORM).status_code == 302
    assert Workspace.objects.get().name == "Studio"


def test_time_zones_are_chosen_from_a_list(world: World, root: Client) -> None:
    page = root.get(world.url("chat_workspace", "change"))
    choices = dict(page.context["adminform"].form.fields["time_zone"].choices)
    assert {"UTC", "Asia/Seoul", "America/New_York", "Europe/Berlin"} <= choices.keys()
    assert not {"EST", "Etc/GMT+3", "localtime"} & choices.keys()
    wrong = root.post(world.url("chat_workspace", "change"), {**FORM, "time_zone": "Mars/Olympus"})
    assert "time_zone" in wrong.context["adminform"].form.errors


def test_a_zone_outside_the_list_stays(world: World, root: Client) -> None:
    Workspace.objects.update(time_zone="EST")
    page = root.post(world.url("chat_workspace", "change"), {**FORM, "time_zone": "EST"})
    assert page.status_code == 302
    assert Workspace.current().time_zone == "EST"


def test_only_permitted_staff_see_the_workspace(world: World, staff: Client) -> None:
    assert staff.get(world.url("chat_workspace")).status_code == 403
    world.staff.user_permissions.set(Permission.objects.filter(codename="view_workspace"))
    assert staff.get(world.url("chat_workspace"), follow=True).status_code == 200
