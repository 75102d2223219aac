"""Enter pressed before the page's modules are loaded."""

import re

from playwright.sync_api import BrowserContext, Route, expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import OpenContext, Parley


def open_held(chat: ChatPage, url: str) -> list[Route]:
    """Open the page, but let its modules wait; return their requests."""
    held: list[Route] = []
    chat.page.route("**/chat/main*.js", lambda route: held.append(route))  # noqa: PLW0108 - Playwright asks for a function
    chat.page.goto(url, wait_until="commit")
    return held


def test_enter_before_the_modules_are_loaded_sends_the_message(
    insider: BrowserContext, parley: Parley
) -> None:
    chat = ChatPage(insider.new_page(), parley.url)
    held = open_held(chat, parley.url)
    chat.send("[[scenario:echo]] Early")
    expect(chat.field).to_have_value("[[scenario:echo]] Early")
    while held:
        held.pop().continue_()
    expect(chat.answer).to_contain_text("Early")
    chat.await_end()
    expect(chat.field).to_have_value("")


def test_a_first_message_in_korean_waits_for_its_last_letter(
    parley: Parley, signed_in_context: OpenContext
) -> None:
    parley.sessions["newcomer"] = parley.open_session("newcomer")
    chat = ChatPage(signed_in_context("newcomer").new_page(), parley.url)
    held = open_held(chat, parley.url)
    keyboard = chat.page.context.new_cdp_session(chat.page)
    compose = {"text": "안녕", "selectionStart": 2, "selectionEnd": 2}
    chat.field.focus()
    keyboard.send("Input.imeSetComposition", compose)
    chat.page.keyboard.press("Enter")
    assert chat.field.evaluate("field => field.form.dataset.sendAtStart") is None, "it ends the composition"
    keyboard.send("Input.insertText", {"text": "안녕"})
    chat.page.keyboard.press("Enter")
    keyboard.send("Input.imeSetComposition", {**compose, "text": "하세"})
    while held:
        held.pop().continue_()
    chat.await_connection()
    expect(chat.page.locator(".message--person")).to_have_count(0)
    keyboard.send("Input.insertText", {"text": "하세요"})
    expect(chat.page.locator(".message--person")).to_contain_text(re.compile("안녕\\s*하세요"))
    expect(chat.field).to_have_value("")
