"""The thinking of an answer: one folded line, live, opened by keyboard, with its time and its tokens."""

import re

from playwright.sync_api import expect

from tests.browser.chat_page import LONG, ChatPage

LONG_THOUGHT = "[[scenario:long thinking_tokens=9000 pace=25]] Think it over"


def test_live_thinking_is_one_line_opened_by_keyboard(chat: ChatPage) -> None:
    chat.send(LONG_THOUGHT)
    steps, thought = chat.answer.locator("details.steps"), chat.answer.locator(".thought")
    expect(thought).to_have_attribute("data-open", "")
    expect(steps.locator("[data-line]")).to_have_text(re.compile(r"^Thinking… [1-9]\d* s$"))
    expect(steps.locator("[data-newest]")).not_to_be_empty()
    assert (steps.locator("summary").bounding_box() or {})["height"] <= 32
    expect(thought.locator("[data-value]")).to_be_hidden()
    steps.locator("summary").focus()
    chat.page.keyboard.press("Enter")
    expect(thought.locator("[data-value]")).to_be_visible()
    expect(steps.locator("[data-newest]")).to_be_hidden()
    seen = len(thought.locator("[data-value]").text_content() or "")
    chat.page.wait_for_function(
        "seen => document.querySelector('.thought [data-value]').textContent.length > seen", arg=seen
    )
    chat.stop.click()
    chat.await_end()


def test_a_thought_says_how_long_it_took(chat: ChatPage) -> None:
    chat.send(LONG.replace("pace=60", "pace=60 thinking_tokens=30")).await_text(20)
    steps, thought = chat.answer.locator("details.steps"), chat.answer.locator(".thought")
    expect(thought).not_to_have_attribute("data-open", "")
    line = steps.locator("[data-line]").text_content() or ""
    assert re.fullmatch(r"Thought for \d+ s", line)
    steps.locator("summary").focus()
    expect(chat.live).to_have_count(1)
    chat.stop_elsewhere()
    expect(steps.locator("summary")).to_be_focused()
    chat.page.reload()
    expect(steps.locator("[data-line]")).to_have_text(line)


def test_a_receipt_names_the_tokens_of_thinking(chat: ChatPage) -> None:
    chat.ask("[[scenario:long tokens=30 thinking_tokens=120]] Think it over")
    chat.answer.locator(".receipt summary").click()
    expect(chat.answer.locator(".receipt__list")).to_contain_text(re.compile(r"Thinking\s*1\d\d"))


def test_encrypted_thinking_is_no_empty_line(chat: ChatPage) -> None:
    chat.ask("[[scenario:redacted_thinking]] What now?")
    expect(chat.answer.locator("details.tool")).to_have_count(0)
    expect(chat.answer.locator("[data-line]")).to_have_text("Thought process")
    expect(chat.answer.locator(".thought [data-value]")).to_contain_text("stored encrypted")
