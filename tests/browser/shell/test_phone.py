"""The chat page on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_touch_targets, check_width
from tests.browser.conftest import OpenChat

WIDE = (
    "[[scenario:echo]] | a | b | c | d | e | f |\n|--|--|--|--|--|--|\n"
    + ("| wide cell " * 6 + "|\n") * 3
    + ("\n```\n" + "x" * 300 + "\n```\n\n" + "y" * 300)
)


def test_a_page_fits_a_phone(open_chat: OpenChat) -> None:
    chat = open_chat(**PHONE)
    check_width(chat.page)
    chat.ask(WIDE)
    check_width(chat.page)
    expect(chat.page.locator("#sidebar")).to_be_hidden()
    check_touch_targets(chat.page)


def test_the_sidebar_is_a_dialog_on_a_phone(open_chat: OpenChat) -> None:
    chat = open_chat(**PHONE)
    page = chat.page
    page.get_by_role("button", name="Show conversations").click()
    drawer = page.get_by_role("dialog", name="Conversations")
    expect(drawer).to_be_visible()
    for _press in range(12):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('#drawer') !== null"
        )
        assert inside
    check_width(page)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.get_by_role("button", name="Show conversations")).to_be_focused()


def test_archiving_in_the_drawer_can_be_undone(open_chat: OpenChat) -> None:
    chat = open_chat(**PHONE)
    page = chat.page
    chat.ask("[[scenario:echo]] Kept after all").keep_toasts()
    page.get_by_role("button", name="Show conversations").click()
    drawer = page.get_by_role("dialog", name="Conversations")
    row = drawer.locator(".conversation", has_text="Kept after all")
    for closes in (False, True):
        row.get_by_role("button", name="Actions for").click()
        page.get_by_role("menuitem", name="Archive", exact=True).click()
        expect(row).to_have_count(0)
        if closes:  # the message stays when the drawer goes
            page.keyboard.press("Escape")
            expect(drawer).to_be_hidden()
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#toast")).to_be_hidden()
        expect(page.locator("#sidebar .conversation", has_text="Kept after all")).to_have_count(1)


@pytest.mark.parametrize("width", [320, 390])
def test_a_compared_answer_is_read_without_swiping(open_chat: OpenChat, width: int) -> None:
    chat = open_chat(**{**PHONE, "viewport": {"width": width, "height": 640}})
    chat.ask("[[scenario:echo]] Which is better?")
    chat.retry()
    expect(chat.answer.locator(".versions__place")).to_have_text("2 / 2")
    chat.answer.locator("[data-compare]").click()
    column = chat.page.locator("#comparison .comparison__column").first
    expect(column).to_be_visible()
    assert column.evaluate("one => one.offsetWidth < one.closest('.comparison').clientWidth")
