"""The list of conversations: found by title, renamed, pinned, archived and deleted."""

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.support.chromium import await_address


def test_the_menu_renames_pins_and_deletes(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] For the menu")
    page = chat.page
    current = page.locator(".conversation--current")
    current.locator("a").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("Enter")
    title = page.get_by_role("textbox", name="Title")
    expect(title).to_be_focused()
    title.fill("정원 계획")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("정원 계획")
    expect(current.locator(".conversation__title")).to_have_text("정원 계획")
    current.get_by_role("button").first.click()
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_hidden()
    current.get_by_role("button").first.click()
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()  # keys work from here on
    page.keyboard.press("p")
    expect(page.get_by_role("menuitem", name="Pin")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".conversations__group h2").first).to_have_text("Pinned")
    path = chat.keep_toasts().path
    current.get_by_role("button").first.click()
    page.get_by_role("menuitem", name="Delete").click()
    await_address(page, f"{chat.url}/")
    expect(page.get_by_role("link", name="정원 계획")).to_have_count(0)
    expect(page.locator("#toast")).to_contain_text("Conversation deleted")
    chat.field.press("Control+z")
    await_address(page, chat.url + path)
    expect(current.locator(".conversation__title")).to_have_text("정원 계획")


def test_titles_are_found_while_typing(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] Needle")
    page = chat.page
    page.locator(".conversation--current").get_by_role("button").first.click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Title").fill("A unique needle")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("A unique needle")
    page.locator("#search").fill("unique need")
    expect(page.locator(".conversation__title")).to_have_text(["A unique needle"])
    page.locator("#search").fill("nothing has this")
    expect(page.locator("#conversations")).to_contain_text("No title matches.")


def test_a_conversation_is_archived_and_unarchived(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] To the archive")
    page = chat.page
    row = page.locator(f".conversation:has(a[href='{chat.path}'])")
    row.get_by_role("button").first.click()
    page.get_by_role("menuitem", name="Archive").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Archived conversations").click()
    expect(row).to_have_count(1)
    row.get_by_role("button").first.click()
    page.get_by_role("menuitem", name="Unarchive").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Back to all conversations").click()
    expect(row).to_have_count(1)
