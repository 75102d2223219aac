"""Writing with an input method, as for Korean."""

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage


def test_enter_during_a_composition_does_not_send(chat: ChatPage) -> None:
    chat.field.fill("안녕하세요")
    for extra in ("isComposing: true", "keyCode: 229"):
        chat.field.evaluate(
            "(field) => field.dispatchEvent(new KeyboardEvent('keydown',"
            f" {{ key: 'Enter', bubbles: true, cancelable: true, {extra} }}))"
        )
    expect(chat.page.locator(".message--person")).to_have_count(0)
    expect(chat.field).to_have_value("안녕하세요")
