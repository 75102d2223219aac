"""Editing one's messages with their files, steering an answer that is being written, and going on in a copy."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import LONG, ChatPage
from tests.browser.checks import PHONE, check_accessible, check_touch_targets, check_width
from tests.browser.conftest import OpenChat
from tests.support.chromium import await_address

FILES = [
    {"name": name, "mimeType": "text/plain", "buffer": f"words of {name}".encode()}
    for name in ("one.txt", "two.txt")
]
WORDS = {
    "insider": {"cancel": "Cancel", "now": "Send now"},
    "korean": {"cancel": "취소", "now": "지금 보내기"},
}


@pytest.mark.parametrize(("name", "options"), [("insider", {}), ("korean", PHONE)])
def test_a_message_is_edited_with_its_files(
    open_chat: OpenChat, name: str, options: dict[str, object]
) -> None:
    chat, words = open_chat(name=name, **options), WORDS[name]
    page = chat.page
    page.locator("[data-files]").set_input_files(FILES)
    expect(page.locator(".chip[data-status=ready]")).to_have_count(2)
    chat.ask("[[scenario:echo]] First words")
    chat.field.fill("a draft for later")
    message = page.locator("#thread > .message--person")
    message.focus()
    if options:
        message.locator("[data-edit]").tap()
    else:
        for _stop in ("two files", "are", "before", "Copy"):
            page.keyboard.press("Tab")
        expect(message.locator("[data-edit]")).to_be_focused()
        page.keyboard.press("Enter")
    bar = page.locator("[data-editing]")
    expect(bar).to_be_visible()
    expect(chat.field).to_have_value("[[scenario:echo]] First words")
    expect(page.locator(".chip[data-status=ready]")).to_have_count(2)
    check_width(page)
    check_accessible(page)
    # A cancelled edit changes nothing: neither the files of the message nor the draft.
    page.locator(".chip [data-remove]").first.click()
    bar.get_by_role("button", name=words["cancel"]).click()
    expect(chat.field).to_have_value("a draft for later")
    expect(page.locator(".chip")).to_have_count(0)
    expect(message.locator("[data-attachment]")).to_have_count(2)
    # One file is removed, and a reload in the middle loses nothing.
    message.hover()
    message.locator("[data-edit]").click()
    expect(page.locator(".chip[data-status=ready]")).to_have_count(2)
    page.locator(".chip [data-remove]").first.click()
    chat.field.fill("[[scenario:echo]] Better words")
    page.reload()
    chat.await_connection()
    expect(bar).to_be_visible()
    expect(page.locator(".chip[data-status=ready] .chip__name")).to_have_text("two.txt")
    chat.send("[[scenario:echo]] Better words")
    expect(chat.text).to_have_text("Better words")
    expect(message.locator("[data-attachment]")).to_have_count(1)
    expect(message.locator(".versions__place")).to_have_text("2 / 2")
    expect(chat.field).to_have_value("a draft for later")
    if options:
        check_touch_targets(page)
    message.locator("[data-step=previous]").click()
    expect(message.locator("[data-attachment]")).to_have_count(2)
    expect(chat.text).to_have_text("First words")


def test_the_arrow_up_edits_the_last_message(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] one").ask("[[scenario:echo]] two")
    chat.field.press("ArrowUp")
    expect(chat.field).to_have_value("[[scenario:echo]] two")
    expect(chat.page.locator("#thread > [data-edited]")).to_have_count(1)
    chat.page.keyboard.press("Escape")
    expect(chat.field).to_have_value("")
    expect(chat.page.locator("[data-editing]")).to_be_hidden()
    # In a text the key moves the cursor.
    chat.field.fill("text")
    chat.field.press("ArrowUp")
    expect(chat.field).to_have_value("text")


@pytest.mark.parametrize("way", ["keys", "queued", "touch"])
def test_a_message_steers_a_running_answer(open_chat: OpenChat, way: str) -> None:
    name, options = ("korean", PHONE) if way == "touch" else ("insider", {})
    chat = open_chat(name=name, **options)
    chat.send(LONG)
    chat.await_text(40)
    chat.field.fill("[[scenario:echo]] Rather this")
    if way == "keys":
        chat.field.press("Control+Shift+Enter")
    else:
        chat.page.locator(".composer__send").click()
        expect(chat.page.locator(".queued")).to_be_visible()
        chat.page.get_by_role("button", name=WORDS[name]["now"]).click()
    expect(chat.page.locator("#thread > .message--person")).to_have_count(2)
    expect(chat.text).to_have_text("Rather this")
    # What was written stays above it, and exactly one answer follows.
    chat.page.reload()
    expect(chat.answers).to_have_count(2)
    expect(chat.answers.first.locator("parley-markdown")).to_have_text(re.compile(".{40}", re.S))
    expect(chat.page.locator("#thread > .message--person").last).to_contain_text("Rather this")


def test_steering_at_the_end_of_an_answer_sends_once(chat: ChatPage) -> None:
    """The stop arrives after the answer's own end: the message is sent because the answer is done."""
    chat.send(LONG)
    chat.await_text(10)
    # The page's stop is lost: the answer ends because another tab stops it.
    chat.page.evaluate(
        "() => { WebSocket.prototype.send = ((send) => function (text) {"
        " if (!String(text).includes('turn.stop')) send.call(this, text); })(WebSocket.prototype.send) }"
    )
    chat.field.fill("[[scenario:echo]] Once")
    chat.field.press("Control+Shift+Enter")
    other = ChatPage(chat.page.context.new_page(), chat.url).open(chat.path)
    other.stop.click()
    expect(chat.text).to_have_text("Once")
    expect(chat.page.locator("#thread > .message--person")).to_have_count(2)


def test_an_edit_replaces_the_answer_that_is_being_written(chat: ChatPage) -> None:
    chat.send(LONG)
    chat.await_text(10)
    chat.page.locator("#thread > .message--person").hover()
    chat.page.locator("[data-edit]").click()
    chat.field.fill("[[scenario:echo]] Other question")
    chat.field.press("Enter")
    expect(chat.text).to_have_text("Other question")
    expect(chat.page.locator("#thread > .message--person .versions__place")).to_have_text("2 / 2")


def test_a_conversation_goes_on_in_a_copy(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] Question one").ask("[[scenario:echo]] Question two")
    origin = chat.path
    chat.answers.first.hover()
    chat.answers.first.get_by_role("button", name="Go on in a new conversation").click()
    await_address(chat.page, re.compile(rf"/c/(?!{origin.removeprefix('/c/')})"))
    chat.await_connection()
    expect(chat.answers).to_have_count(1)
    expect(chat.page.locator(".topbar__origin")).to_have_attribute("href", origin)
    check_accessible(chat.page)
    chat.ask("[[scenario:echo]] On my own")
    expect(chat.answers).to_have_count(2)
    chat.answers.first.hover()
    chat.answers.first.get_by_role("button", name="Retry").click()
    chat.page.get_by_role("menuitem", name="Try again").click()
    chat.await_end()
    expect(chat.answers.first.locator(".versions__place")).to_have_text("2 / 2")
    chat.page.locator(".topbar__origin").click()
    expect(chat.answers).to_have_count(2)
