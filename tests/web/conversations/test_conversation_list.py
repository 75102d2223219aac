"""The sidebar: groups by day in the viewer's time zone, the filter, and what can be done with a conversation."""

import datetime as dt
import html
import json
import re
from collections.abc import Callable
from typing import Any

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


def seventy_talks(owner: User) -> None:
    """Create "talk 0" to "talk 69", the newest first, within a moment: a day may have just begun."""
    newest = timezone.now()
    for number in range(70):
        made = Conversation.objects.create(owner=owner, title=f"talk {number}")
        moment = newest - dt.timedelta(milliseconds=number)
        Conversation.objects.filter(pk=made.pk).update(last_message_at=moment)


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
    seventy_talks(insider)
    first = browser.get("/sidebar").content.decode()
    assert 'hx-get="/sidebar?from=40"' in first
    rest = titles(browser, **{"from": "40"}, after="Today")
    assert rest == [f"talk {number}" for number in range(40, 70)]
    assert titles(browser, **{"from": "no number"})[0] == "TODAY"


def test_a_renewed_list_is_as_long_as_it_was(browser: Client, insider: User) -> None:
    seventy_talks(insider)
    assert len(titles(browser, rows="60")) == 1 + 60
    assert 'hx-get="/sidebar?from=60"' in browser.get("/sidebar", {"rows": "60"}).content.decode()
    assert len(titles(browser, rows="3")) == 1 + 40
    assert len(titles(browser, rows="99999999")) == 1 + 70


@pytest.mark.parametrize("number", ["71", "9999999999", "9" * 40])
def test_a_page_beyond_the_end_is_empty(number: str, browser: Client, insider: User) -> None:
    far = talked(insider, "far away", dt.timedelta(days=90))
    seventy_talks(insider)
    for query in ({}, {"after": "Earlier", "current": str(far.id)}, {"q": "talk"}):
        answer = browser.get("/sidebar", {"from": number, **query})
        assert answer.status_code == 200
        rows = titles(browser, **{"from": number}, **query)
        # What is too long for a number is the first page, like any word.
        assert (rows == []) is (len(number) <= 10)
        assert ("Show more" in answer.content.decode()) is bool(rows)
        assert "will be listed here" not in answer.content.decode()


@pytest.mark.parametrize("count", [40, 41])
def test_more_is_offered_where_there_is_more(count: int, browser: Client, insider: User) -> None:
    seventy_talks(insider)
    Conversation.objects.filter(title__in=[f"talk {number}" for number in range(count, 70)]).delete()
    assert ("Show more" in browser.get("/sidebar").content.decode()) is (count > 40)
    assert len(titles(browser)) == 1 + 40, "the heading and a page, without the row that tells of others"


def test_the_current_one_is_marked(browser: Client, insider: User) -> None:
    made = talked(insider, "here", dt.timedelta())
    assert 'aria-current="page"' in browser.get("/sidebar", {"current": str(made.id)}).content.decode()
    assert 'aria-current="page"' not in browser.get("/sidebar", {"current": "x"}).content.decode()


def test_the_current_one_is_listed_beyond_the_first_page(browser: Client, insider: User) -> None:
    far = talked(insider, "far away", dt.timedelta(days=90))
    seventy_talks(insider)
    assert titles(browser, current=str(far.id))[-2:] == ["EARLIER", "far away"]
    assert "far away" not in titles(browser)
    assert "far away" not in titles(browser, current=str(far.id), **{"from": "40"}), (
        "it stands on the first page already"
    )
    assert "far away" in titles(browser, **{"from": "40"})
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
    assert event == {"id": str(chat.id), "title": "정원 계획", "pinned": False, "archived": False}
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


def test_deleting_offers_to_undo_it(browser: Client, chat: Conversation) -> None:
    assert browser.get(f"/c/{chat.id}/delete").status_code == 405
    event = json.loads(browser.post(f"/c/{chat.id}/delete")["HX-Trigger"])["conversation-deleted"]
    undo = f"/c/{chat.id}/restore"
    assert event == {"id": str(chat.id), "said": "Conversation deleted", "undo": undo}
    assert browser.get(f"/c/{chat.id}").status_code == 404
    assert titles(browser) == []
    assert "conversation-changed" in browser.post(undo)["HX-Trigger"]
    assert titles(browser) == ["TODAY", "Plans for the garden"]
    refused = browser.post(undo)
    assert (refused.status_code, refused.content.decode()) == (
        404,
        "This conversation is deleted for good. It can’t be restored any more.",
    )


def test_the_next_page_offers_to_undo_it(
    browser: Client, chat: Conversation, signed_in: Callable[[str], Client]
) -> None:
    def words(of: Client, query: str) -> Any:
        page = of.get(f"/?{query}").content.decode()
        return json.loads(re.search(r'<script id="page"[^>]*>(.*?)</script>', page)[1])["toast"]

    assert words(browser, f"deleted={chat.id}") is None
    browser.post(f"/c/{chat.id}/delete")
    offered = {"said": "Conversation deleted", "undo": f"/c/{chat.id}/restore"}
    assert words(browser, f"deleted={chat.id}") == offered
    assert words(signed_in("outsider"), f"deleted={chat.id}") is None
    assert [words(browser, query) for query in ("", "deleted=", "deleted=x")] == [None] * 3
    assert "has ended" in words(browser, "ended=1")["said"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ㄱㅎ", ["정원 계획"]),
        ("정ㅇ", ["정원 계획"]),
        ("정원 계호", ["정원 계획"]),  # a syllable that is not whole yet
        ("ㅎㄱ", []),
        ("ㄱ.*", []),
        ("(ㄱ", []),
        ("\0", ["정원 계획", "Garden"]),
        ("gard", ["Garden"]),
    ],
)
def test_korean_titles_are_found_by_initials(
    browser: Client, insider: User, typed: str, found: list[str]
) -> None:
    talked(insider, "Garden", dt.timedelta(seconds=1))
    talked(insider, "정원 계획", dt.timedelta())
    expected = found and ["TODAY", *found]
    assert titles(browser, q=typed) == expected if typed != "\0" else True
    page = browser.get("/palette", {"q": typed}).content.decode()
    assert all((title in page) is (title in found) for title in ("정원 계획", "Garden")) or typed == "\0"


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


def test_the_palette_offers_the_newest_and_what_is_found(browser: Client, insider: User) -> None:
    for number in range(12):
        talked(insider, f"talk {number}", dt.timedelta(seconds=number), archived=number == 0)
    newest = browser.get("/palette").content.decode()
    assert re.findall(r"talk \d+", newest) == [f"talk {number}" for number in range(5)]
    assert newest.count("Archived") == 1
    assert browser.get("/palette", {"q": "talk"}).content.decode().count('role="option"') == 8


def test_any_typed_character_is_survived(browser: Client, chat: Conversation) -> None:
    for typed in ("\0", "\0ㄱ", "\\", "[ㄱ", "ㄱ\ud7a3", "\U0001f600ㄱ", "ㄱ" * 300):
        for address in ("/sidebar", "/palette"):
            assert browser.get(address, {"q": typed}).status_code == 200


@pytest.mark.parametrize("staff", [False, True])
def test_the_palette_leads_to_the_pages_that_a_person_may_open(
    browser: Client, insider: User, staff: bool
) -> None:
    User.objects.filter(pk=insider.pk).update(is_staff=staff)
    page = browser.get("/").content.decode()
    links = json.loads(re.search(r'<script id="page"[^>]*>(.*?)</script>', page)[1])["links"]
    assert ("/admin/" in [link["address"] for link in links]) is staff
    assert {"/settings/profile", "/settings/sessions"} <= {link["address"] for link in links}
