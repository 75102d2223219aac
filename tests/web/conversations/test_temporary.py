"""The pages of temporary chats: marked, in no list, left and entered again."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, User, Workspace
from tests import factories

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def chat(insider: User) -> Conversation:
    made = factories.conversation(insider, expires_at=timezone.now() + dt.timedelta(hours=20))
    factories.turn(made, text="Where is it?", answer="On the island.")
    return made


def left(chat: Conversation) -> dt.timedelta:
    return Conversation.objects.get(pk=chat.pk).expires_at - timezone.now()  # type: ignore[operator]


def test_a_new_page_can_be_temporary(browser: Client) -> None:
    Workspace.objects.create(temporary_hours=1)
    for query, pressed in (("", "false"), ("?temporary=1", "true")):
        page = browser.get(f"/{query}").content.decode()
        assert ("data-temporary>" in page) is (pressed == "true")
        assert f'aria-pressed="{pressed}"' in page
        assert "after 1 hour at the latest" in page


def test_its_page_says_what_it_is(browser: Client, chat: Conversation) -> None:
    page = browser.get(f"/c/{chat.pk}").content.decode()
    assert "<title>Temporary chat · Parley</title>" in page
    assert "On the island." in page
    assert "after 24 hours at the latest" in page
    assert f'href="/c/{chat.pk}"' not in page
    ordinary = factories.conversation(chat.owner, title="Ordinary")
    assert "hours at the latest" not in browser.get(f"/c/{ordinary.pk}").content.decode()


@pytest.mark.parametrize("way", ["reload", "still open elsewhere"])
def test_who_comes_back_in_time_finds_it(way: str, browser: Client, chat: Conversation) -> None:
    assert browser.post(f"/c/{chat.pk}/leave").status_code == 204
    assert left(chat) <= MINUTE
    back = browser.get(f"/c/{chat.pk}") if way == "reload" else browser.post(f"/c/{chat.pk}/stay")
    assert back.status_code < 300
    assert left(chat) > 23 * 60 * MINUTE


def test_who_comes_back_too_late_finds_nothing(browser: Client, chat: Conversation) -> None:
    Conversation.objects.update(expires_at=timezone.now())
    for answer in (
        browser.get(f"/c/{chat.pk}"),
        browser.post(f"/c/{chat.pk}/stay"),
        browser.post(f"/c/{chat.pk}/leave"),
        browser.get(f"/api/v1/conversations/{chat.pk}"),
    ):
        assert answer.status_code == 404


def test_ending_it_offers_no_undo(browser: Client, chat: Conversation) -> None:
    event = browser.post(f"/c/{chat.pk}/delete")["HX-Trigger"]
    assert "undo" not in event
    assert "The temporary chat was deleted." in event
    assert not Conversation.objects.exists()
