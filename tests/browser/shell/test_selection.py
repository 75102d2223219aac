"""Choosing many conversations, by mouse and by keyboard, and taking back what was done with them."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.checks import check_accessible
from tests.browser.conftest import OpenChat, Parley
from tests.browser.shell.views import DESK, MAKE, both_views, show_list
from tests.support.chromium import await_address


@both_views
def test_many_are_deleted_and_brought_back(open_chat: OpenChat, parley: Parley, view: dict[str, Any]) -> None:
    word = "Quagga" if view is DESK else "얼룩말"
    newest = parley.run(MAKE.format(title=word)).split()[0]
    chat = open_chat(f"/c/{newest}", **view).keep_toasts()
    page, rows = chat.page, chat.page.locator(".conversation")
    show_list(chat)
    page.locator("#search").fill(word)
    expect(rows).to_have_count(4)
    page.locator(".sidebar__select").click()
    boxes, chosen = page.locator(".conversation__check"), page.locator(".conversation:has(:checked)")
    expect(boxes.first).to_be_focused()
    if view is DESK:
        rows.first.click()
        rows.nth(2).click(modifiers=["Shift"])
    else:
        page.keyboard.press("Space")
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Shift+ArrowDown")
    expect(chosen).to_have_count(3)
    page.keyboard.press("Control+a")
    expect(chosen).to_have_count(4)
    page.keyboard.press("Control+a")
    expect(chosen).to_have_count(0)
    page.locator("[data-select-all]").click()
    check_accessible(page)
    # The list brings itself up to date, and what is chosen stays.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    boxes.last.click()
    page.locator("[data-selected=delete]").click()
    await_address(page, f"{chat.url}/")
    expect(page.locator("#toast")).to_contain_text("3")
    page.locator("#toast button").click()
    await_address(page, f"{chat.url}/c/{newest}")
    show_list(chat)
    page.locator("#search").fill(word)
    expect(rows).to_have_count(4)


def test_archiving_many_is_undone_where_one_stands(open_chat: OpenChat, parley: Parley) -> None:
    parley.run(MAKE.format(title="Okapi"))
    chat = open_chat(**DESK).keep_toasts()
    page, rows = chat.page, chat.page.locator(".conversation")
    page.locator("#search").fill("Okapi")
    expect(rows).to_have_count(4)
    rows.first.hover()
    rows.first.locator(".conversation__more").click()
    page.get_by_role("menuitem", name="Select").click()
    expect(page.locator("#selection")).to_contain_text("1 selected")
    rows.nth(1).click()
    page.get_by_role("toolbar").get_by_role("button", name="Archive", exact=True).click()
    expect(rows).to_have_count(2)
    expect(page.locator("#selection")).to_be_hidden()
    page.locator("#toast").get_by_role("button", name="Undo").click()
    expect(rows).to_have_count(4)
    page.locator(".sidebar__select").click()
    page.keyboard.press("Escape")
    expect(page.locator("#selection")).to_be_hidden()
    rows.first.locator("a").click()
    await_address(page, "**/c/*")
