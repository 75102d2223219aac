"""The sidebar: groups by day in the viewer's time zone, the filter, and what can be done with a conversation."""

import datetime as dt
import html
import json
import re

import pytest
from django.test import Client
from django.utils import timezone

from chat.models import Conversation, User
from tests import factories


def titles(browser: Client, **query: str) -> list[str]:
    page = html.unescape(browser.get("/sidebar", query).content.decode())
    found = re.findall(r"<h2>([^<]+)</h2>|<span class=\"conversation__title\"[^>]*>([^<]+)</span>", page)
    return [heading.upper() or title for heading, title in found]


def talked(owner: User, title: str, ago: dt.timedelta, **fields: bool) -> Conversation:
    made = Conversation.objects.create(owner=owner, title=title, **fields)
    Conversation.objects.filter(pk=made.pk).update(last_message_at=timezone.now() - ago)
    return made


def test_conversations_stand_in_groups(browser: Client, insider: User) -> None:
    for title, days in [("now", 0), ("a week", 6), ("weeks", 20), ("long ago", 90)]:
        talked(insider, title, dt.timedelta(days=days))
    talked(insider, "kept", dt.timedelta(days=50), pinned=True)
    talked(insider, "away", dt.timedelta(), archived=True)
    assert titles(browser) == [
        *("PINNED", "kept"),
        *("TODAY", "now"),
        *("LAST 7 DAYS", "a week"),
        *("LAST 30 DAYS", "weeks"),
        *("EARLIER", "long ago"),
    ]
    assert titles(browser, archived="1") == ["TODAY", "away"]


def test_days_are_those_of_the_viewer(browser: Client, insider: User) -> None:
    now = timezone.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    talked(insider, "one minute before", now - midnight + dt.timedelta(minutes=1))
    assert titles(browser) == ["YESTERDAY", "one minute before"]
    browser.cookies["parley_timezone"] = (
        "Etc/GMT-1"  # one hour ahead: there it was today, until its own midnight
    )
    assert titles(browser) == ["TODAY" if now.hour < 23 else "YESTERDAY", "one minute before"]
    browser.cookies["parley_timezone"] = "../../etc/passwd"
    assert titles(browser) == ["YESTERDAY", "one minute before"]


def test_titles_are_filtered(browser: Client, insider: User) -> None:
    for title in ("Green apples", "Red apples", "50% off_sale"):
        talked(insider, title, dt.timedelta())
    assert titles(browser, q="APPLES") == ["TODAY", "Red apples", "Green apples"]
    assert titles(browser, q="50% off_") == ["TODAY", "50% off_sale"]
    assert titles(browser, q="%") == ["TODAY", "50% off_sale"]
    assert "No title matches." in browser.get("/sidebar", {"q": "pears"}).content.decode()


@pytest.mark.parametrize("length", [200, 201, 60_000])
def test_long_words_find_by_their_beginning(browser: Client, insider: User, length: int) -> None:
    talked(insider, "a" * 200, dt.timedelta())
    talked(insider, "a" * 199, dt.timedelta())
    assert titles(browser, q="a" * length) == ["TODAY", "a" * 200]
    assert browser.get("/", {"q": "a" * length}).status_code == 200


def test_the_list_goes_on_without_repeating_its_heading(browser: Client, insider: User) -> None:
    for number in range(70):
        talked(insider, f"talk {number}", dt.timedelta(seconds=number))
    first = browser.get("/sidebar").content.decode()
    assert 'hx-get="/sidebar?page=2"' in first
    rest = titles(browser, page="2", after="Today")
    assert rest == [f"talk {number}" for number in range(60, 70)]
    assert titles(browser, page="no number")[0] == "TODAY"


def test_the_current_one_is_marked(browser: Client, insider: User) -> None:
    made = talked(insider, "here", dt.timedelta())
    assert 'aria-current="page"' in browser.get("/sidebar", {"current": str(made.id)}).content.decode()
    assert 'aria-current="page"' not in browser.get("/sidebar", {"current": "x"}).content.decode()


def test_the_current_one_is_listed_beyond_the_first_page(browser: Client, insider: User) -> None:
    far = talked(insider, "far away", dt.timedelta(days=90))
    for number in range(70):
        talked(insider, f"talk {number}", dt.timedelta(seconds=number))
    assert titles(browser, current=str(far.id))[-2:] == ["EARLIER", "far away"]
    assert "far away" not in titles(browser)
    assert "far away" not in titles(browser, current=str(far.id), page="2"), (
        "it stands on the first page already"
    )
    assert "far away" in titles(browser, page="2")
    assert "far away" not in titles(browser, current=str(far.id), archived="1")


@pytest.mark.parametrize(
    ("status", "sign"),
    [("running", "An answer is being written"), ("waiting", "Waiting for your approval")],
)
def test_rows_show_what_goes_on(status: str, sign: str, browser: Client, chat: Conversation) -> None:
    assert 'data-state=""' in browser.get("/sidebar").content.decode()
    factories.turn(chat, status=status, parent=chat.active_leaf)
    page = browser.get("/sidebar").content.decode()
    assert f'data-state="{status}"' in page
    assert sign in page


def test_renaming(browser: Client, chat: Conversation) -> None:
    assert "Plans for the garden" in browser.get(f"/c/{chat.id}/rename").content.decode()
    answer = browser.post(f"/c/{chat.id}/rename", {"title": "  정원   계획 "})
    event = json.loads(answer["HX-Trigger"])["conversation-changed"]
    assert event == {"id": str(chat.id), "title": "정원 계획"}
    chat.refresh_from_db()
    assert chat.title == "정원 계획"


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_title_that_does_not_fit_is_explained(title: str, browser: Client, chat: Conversation) -> None:
    answer = browser.post(f"/c/{chat.id}/rename", {"title": title})
    assert answer.status_code == 422
    assert "1 to 200 characters" in answer.content.decode()
    chat.refresh_from_db()
    assert chat.title == "Plans for the garden"


@pytest.mark.parametrize(("route", "field"), [("pin", "pinned"), ("archive", "archived")])
def test_switches_go_on_and_off(route: str, field: str, browser: Client, chat: Conversation) -> None:
    for on in ("1", "0"):
        answer = browser.post(f"/c/{chat.id}/{route}", {"on": on})
        event = json.loads(answer["HX-Trigger"])["conversation-changed"]
        offered = event.get("undo") == f"/c/{chat.id}/archive"
        assert offered == (route == "archive" and on == "1")
        chat.refresh_from_db()
        assert getattr(chat, field) is (on == "1")


def test_deleting_asks_first(browser: Client, chat: Conversation) -> None:
    assert "Plans for the garden" in browser.get(f"/c/{chat.id}/delete").content.decode()
    answer = browser.post(f"/c/{chat.id}/delete")
    assert json.loads(answer["HX-Trigger"]) == {
        "conversation-deleted": {"id": str(chat.id), "said": "Conversation deleted"}
    }
    assert not Conversation.objects.filter(pk=chat.pk).exists()


def test_a_busy_conversation_is_not_deleted(browser: Client, chat: Conversation) -> None:
    factories.turn(chat, status="queued", parent=chat.active_leaf)
    answer = browser.post(f"/c/{chat.id}/delete")
    assert answer.status_code == 409
    assert "Stop it, then delete" in answer.content.decode()
    assert Conversation.objects.filter(pk=chat.pk).exists()


def test_the_owner_sees_and_takes_back_allowed_tools(browser: Client, insider: User) -> None:
    tool = factories.tool("weather", title="Weather")
    chat = Conversation.objects.create(owner=insider, allowed_tools=[str(tool.id)])
    address = f"/c/{chat.id}/tools"
    button = re.compile(r'<button[^>]* id="allowed-tools"[^>]*>')
    assert "hidden" not in button.search(browser.get(f"/c/{chat.id}").content.decode())[0]
    assert "Ask before using Weather" in browser.get(address).content.decode()
    answer = browser.post(address, {"tool": str(tool.id)})
    assert "Weather" not in answer.content.decode()
    assert json.loads(answer["HX-Trigger"]) == {"allowed-tools-changed": {"count": 0}}
    assert "hidden" in button.search(browser.get(f"/c/{chat.id}").content.decode())[0]
