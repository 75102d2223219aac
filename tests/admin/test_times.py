"""Times in the admin are the reader's: those of the browser, or else of the workspace."""

import datetime as dt

import pytest
from django.test import Client

from chat.models import Turn, User, Workspace
from chat.presentation.localization import TIME_ZONE_COOKIE
from tests.admin.world import World

MOMENT = dt.datetime(2026, 3, 1, 22, 5, 12, tzinfo=dt.UTC)


@pytest.fixture
def turn(world: World) -> Turn:
    Turn.objects.update(created_at=MOMENT)
    found: Turn = world.rows["chat_turn"]
    return found


@pytest.mark.parametrize("view", ["changelist", "change"])
def test_times_are_the_browsers(world: World, root: Client, turn: Turn, view: str) -> None:
    root.cookies[TIME_ZONE_COOKIE] = "Asia/Seoul"
    page = root.get(world.url("chat_turn", view)).content.decode()
    assert "07:05:12" in page
    assert "Asia/Seoul" in page, "the page names its zone"


def test_without_a_browser_they_are_the_workspaces(world: World, root: Client, turn: Turn) -> None:
    Workspace.objects.update(time_zone="America/New_York")
    page = root.get(world.url("chat_turn")).content.decode()
    assert "17:05:12" in page
    assert "America/New_York" in page


def test_a_persons_language_holds_in_the_admin(world: World, root: Client) -> None:
    User.objects.filter(pk=world.root.pk).update(language="ko")
    assert "개요" in root.get("/admin/").content.decode()
