"""The thinking of an answer: folded, live, opened by keyboard, with its tokens in the receipt."""

import re

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage

SLOW = "[[scenario:long tokens=30 thinking_tokens=120 pace=25]] Think it over"


def test_live_thinking_is_folded_and_opened_by_keyboard(chat: ChatPage) -> None:
    chat.send(SLOW)
    thoughts = chat.answer.locator("details.thinking")
    expect(thoughts).to_have_attribute("data-open", "")
    expect(thoughts.locator("summary")).to_have_text("Thinking…")
    expect(thoughts.locator("[data-value]")).to_be_hidden()
    thoughts.locator("summary").focus()
    chat.page.keyboard.press("Enter")
    expect(thoughts.locator("[data-value]")).to_be_visible()
    seen = len(thoughts.locator("[data-value]").text_content() or "")
    chat.page.wait_for_function(
        "seen => document.querySelector('details.thinking [data-value]').textContent.length > seen", arg=seen
    )
    chat.await_end()
    expect(chat.answer.locator("details.thinking summary")).to_have_text("Thought process")
    expect(chat.answer.locator("details.thinking")).not_to_have_attribute("data-open", "")
    chat.answer.locator(".receipt summary").click()
    expect(chat.answer.locator(".receipt__list")).to_contain_text(re.compile(r"Thinking\s*1\d\d"))


def test_encrypted_thinking_is_no_empty_box(chat: ChatPage) -> None:
    chat.ask("[[scenario:redacted_thinking]] What now?")
    expect(chat.answer.locator("details.tool")).to_have_count(0)
    expect(chat.answer.locator("details.thinking [data-value]")).to_contain_text("stored encrypted")
