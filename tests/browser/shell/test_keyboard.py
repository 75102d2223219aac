"""The chat page, operated with the keyboard only."""

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.support.chromium import await_address


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
    expect(chat.page.locator("#palette-input")).to_be_focused()
    keyboard.press("Escape")
    expect(chat.field).to_be_focused()
    chat.page.locator("#title").click()
    keyboard.press("/")
    expect(chat.page.locator("#search")).to_be_focused()
    keyboard.press("Shift+Escape")
    expect(chat.field).to_be_focused()
    chat.page.locator("#title").click()
    keyboard.press("?")
    expect(chat.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    keyboard.press("Escape")
    expect(chat.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    keyboard.press("Control+Shift+O")
    await_address(chat.page, f"{chat.url}/")


def test_skip_links_come_first_and_lead_to_text_and_field(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] A page to begin on")
    first = "[...document.querySelectorAll('a, button, input, textarea')].slice(0, 2).map(one => one.hash)"
    assert chat.page.evaluate(first) == ["#main", "#message"]
    for name, place in (("Skip to the content", "#main"), ("Skip to the message field", "#message")):
        link = chat.page.get_by_role("link", name=name)
        link.focus()
        expect(link).to_be_in_viewport()
        chat.page.keyboard.press("Enter")
        expect(chat.page.locator(place)).to_be_focused()
