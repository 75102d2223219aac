"""The chat page, operated with the keyboard only."""

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage


def test_a_chat_needs_no_mouse(chat: ChatPage) -> None:
    keyboard = chat.page.keyboard
    expect(chat.field).to_be_focused()
    keyboard.type("[[scenario:long tokens=60 pace=60]] first line")
    keyboard.press("Shift+Enter")
    keyboard.type("second line")
    expect(chat.page.locator(".message--person")).to_have_count(0)
    keyboard.press("Enter")
    chat.await_text(1)
    chat.await_end()
    expect(chat.page.locator(".message__text")).to_contain_text(
        "first line\nsecond line", use_inner_text=True
    )
    keyboard.press("Control+k")
    expect(chat.page.locator("#search")).to_be_focused()
    keyboard.press("Shift+Escape")
    expect(chat.field).to_be_focused()
    chat.page.locator("#title").click()
    keyboard.press("?")
    expect(chat.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    keyboard.press("Escape")
    expect(chat.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    keyboard.press("Control+Shift+O")
    chat.page.wait_for_url(f"{chat.url}/")


def test_the_skip_link_is_the_first_tab_stop(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] A page to begin on")
    chat.page.reload()
    chat.page.keyboard.press("Tab")
    expect(chat.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator("#main")).to_be_focused()
