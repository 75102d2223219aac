"""The list of conversations beside the thread: undo, hiding it, the keyboard in it, and its signs."""

import contextlib
import re

from playwright.sync_api import Error, Route, expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import OpenChat, Parley
from tests.support.chromium import await_address

LIVE = "[[scenario:stall at=5 seconds=600]]"


def test_archiving_is_undone(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] Keep me").keep_toasts()
    row = chat.page.locator(f".conversation:has(a[href='{chat.path}'])")
    row.get_by_role("button").first.click()
    chat.page.get_by_role("menuitem", name="Archive").click()
    expect(row).to_have_count(0)
    toast = chat.page.locator("#toast")
    expect(toast).to_contain_text("Conversation archived")
    toast.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(1)
    expect(toast).to_be_hidden()


def test_a_list_that_is_renewed_meanwhile_loses_no_undo(chat: ChatPage) -> None:
    page = chat.ask("[[scenario:echo]] Keep me").keep_toasts().page
    held: list[Route] = []
    page.route("**/archive", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants a function
    row = page.locator(f".conversation:has(a[href='{chat.path}'])")
    row.get_by_role("button").first.click()
    with page.expect_request("**/archive"):
        page.get_by_role("menuitem", name="Archive").click()
    with page.expect_response("**/sidebar*"):
        page.evaluate("document.body.dispatchEvent(new Event('conversations-stale'))")
    held[0].continue_()
    expect(page.locator("#toast")).to_contain_text("Conversation archived")
    expect(row).to_have_count(0)


def test_the_list_is_hidden_and_stays_so(chat: ChatPage) -> None:
    page, sidebar = chat.page, chat.page.locator("#sidebar")
    page.get_by_role("button", name="Hide conversations").click()
    expect(sidebar).to_be_hidden()
    page.reload()
    chat.await_connection()
    expect(sidebar).to_be_hidden()
    page.keyboard.press("Control+.")
    expect(sidebar).to_be_visible()
    page.keyboard.press("Control+.")
    page.get_by_role("button", name="Show conversations").click()
    expect(sidebar).to_be_visible()


def test_a_press_reaches_its_row_while_the_list_is_renewed(chat: ChatPage) -> None:
    for text in ("one", "two"):
        chat.open("/").ask(f"[[scenario:echo]] {text}")
    page = chat.page
    link = page.locator(".conversation:not(.conversation--current) > a").first
    path = link.get_attribute("href")
    link.hover()
    page.mouse.down()
    with page.expect_response("**/sidebar*"):
        page.evaluate("document.body.dispatchEvent(new Event('conversations-stale'))")
    page.evaluate("new Promise((done) => setTimeout(done, 100))")  # htmx swaps after the response
    page.mouse.up()
    await_address(page, f"**{path}")


def test_one_tab_reaches_the_list_and_arrows_move_in_it(chat: ChatPage) -> None:
    for text in ("one", "two"):
        chat.open("/").ask(f"[[scenario:echo]] {text}")
    page = chat.page
    links = page.locator(".conversation > a")
    expect(page.locator(".conversation > a[tabindex='0']")).to_have_count(1)
    links.first.focus()
    page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("End")
    expect(links.last).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('.conversation > *')")


def test_rows_show_answers_of_other_conversations(chat: ChatPage) -> None:
    chat.send(LIVE)
    expect(chat.stop).to_be_visible()
    path = chat.path
    row = chat.page.locator(f".conversation:has(a[href='{path}'])")
    chat.open("/")
    expect(row).to_have_attribute("data-state", "running")
    other = ChatPage(chat.page.context.new_page(), chat.url).open(path)
    other.stop.click()
    other.await_end()
    other.page.close()
    expect(row).to_have_attribute("data-unread", "")
    expect(chat.page).to_have_title(re.compile("^● "))
    chat.open(path)
    expect(row).not_to_have_attribute("data-unread", "")


def test_escape_in_the_search_clears_it_and_stops_nothing(chat: ChatPage) -> None:
    chat.send(LIVE)
    expect(chat.stop).to_be_visible()
    search = chat.page.locator("#search")
    search.fill("zzz")
    search.press("Escape")
    expect(search).to_have_value("")
    expect(chat.stop).to_be_visible()
    chat.field.press("Escape")
    chat.await_end()


def test_a_lost_session_leads_back_after_signing_in(open_chat: OpenChat) -> None:
    chat = open_chat().ask("[[scenario:echo]] Here")
    path = chat.path
    chat.page.context.clear_cookies()
    # The page may see by itself that the session is gone, and leave at any moment.
    with contextlib.suppress(Error):
        chat.page.evaluate("document.getElementById('search')?.focus()")
    chat.page.keyboard.type("x")
    await_address(chat.page, "**/accounts/login/**")
    expect(chat.page.get_by_role("status")).to_contain_text("Your session has ended")
    assert path.replace("/", "%2F") in chat.page.url


TALKS = """
import datetime as dt
from django.utils import timezone
from chat.models import Conversation, User
owner = User.objects.get(email__startswith={name!r})
for number in range(70):
    at = timezone.now() - dt.timedelta(seconds=number)
    Conversation.objects.create(owner=owner, title=f"Talk {{number}}", last_message_at=at)
"""


def test_a_long_list_goes_on_and_keeps_its_place(open_chat: OpenChat, parley: Parley) -> None:
    parley.sessions["talker"] = parley.open_session("talker")
    parley.run(TALKS.format(name="talker"))
    page = open_chat(name="talker").page
    rows = page.locator("#conversations .conversation")
    expect(rows).to_have_count(40)
    held: list[Route] = []
    page.route("**/sidebar?from=*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright wants a function
    rows.last.locator("a").focus()  # which brings the end into view
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show more")).to_be_focused()
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    expect(rows).to_have_count(70)
    expect(rows.nth(40).locator("a")).to_be_focused()
    rows.nth(60).scroll_into_view_if_needed()
    place = page.evaluate("document.getElementById('conversations').parentElement.scrollTop")
    with page.expect_response("**/sidebar?*"):
        page.evaluate("document.body.dispatchEvent(new Event('conversations-stale'))")
    expect(rows).to_have_count(70)
    expect(rows.nth(60)).to_be_in_viewport()
    assert page.evaluate("document.getElementById('conversations').parentElement.scrollTop") == place
    # Words of one's own begin anew.
    page.locator("#search").fill("Talk")
    expect(rows).to_have_count(40)
