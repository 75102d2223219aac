"""Going on in a new conversation from one's own message: what stands above it is copied, and it waits in the field."""

import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chat_page import LONG, ChatPage
from tests.browser.checks import PHONE, check_accessible, check_touch_targets, check_width
from tests.browser.composer.test_editing import FILES
from tests.browser.conftest import OpenChat
from tests.support.chromium import await_address

WIDE = {"viewport": {"width": 1440, "height": 900}}
FORK = "[data-fork]"


def await_copy(chat: ChatPage, origin: str) -> None:
    await_address(chat.page, re.compile(rf"/c/(?!{origin.removeprefix('/c/')})"))
    chat.await_connection()


@pytest.mark.parametrize(
    ("name", "options"), [("insider", WIDE), ("korean", PHONE)], ids=["keyboard", "phone"]
)
def test_a_message_is_edited_in_a_new_conversation(
    open_chat: OpenChat, name: str, options: dict[str, Any]
) -> None:
    chat = open_chat(name=name, **options)
    page = chat.page
    chat.ask("[[scenario:echo]] First question")
    page.locator("[data-files]").set_input_files(FILES[:1])
    expect(page.locator(".chip[data-status=ready]")).to_have_count(1)
    chat.ask("[[scenario:echo]] Second question\n\n  with two lines")
    chat.field.fill("a draft that stays")
    origin, message = chat.path, page.locator("#thread > .message--person").last
    if options is PHONE:
        check_touch_targets(page)
        message.locator(FORK).tap()
    else:
        message.focus()
        for _stop in ("file", "Copy", "Edit", "Edit in a new conversation"):
            page.keyboard.press("Tab")
        expect(message.locator(FORK)).to_be_focused()
        page.keyboard.press("Enter")
    await_copy(chat, origin)
    expect(chat.answers).to_have_count(1)
    expect(chat.text).to_have_text("First question")
    expect(chat.field).to_have_value("[[scenario:echo]] Second question\n\n  with two lines")
    expect(chat.field).to_be_focused()
    assert chat.field.evaluate("field => field.selectionStart === field.value.length"), "to go on writing"
    assert page.evaluate("location.hash") == ""
    expect(page.locator(".chip[data-status=ready] .chip__name")).to_have_text("one.txt")
    expect(page.locator(".topbar__origin")).to_have_attribute("href", origin)
    assert page.locator(".topbar").bounding_box()["height"] < 60, "one line, also on a phone"  # type: ignore[index]
    check_width(page)
    check_accessible(page)
    chat.send("[[scenario:echo]] Another question")
    expect(chat.answers).to_have_count(2)
    expect(chat.text).to_have_text("Another question")
    expect(page.locator("#thread > .message--person").last.locator("[data-attachment]")).to_have_count(1)
    # The conversation that was left is as it was, with its draft.
    chat.open(origin)
    expect(page.locator("#thread > .message--person")).to_have_count(2)
    expect(chat.text).to_have_text("Second question\n\n  with two lines")
    expect(chat.field).to_have_value("a draft that stays")


def test_a_first_message_begins_an_empty_conversation(chat: ChatPage) -> None:
    chat.send(LONG)
    chat.await_text(20)
    origin, message = chat.path, chat.page.locator("#thread > .message--person")
    message.hover()
    message.locator(FORK).click()  # also while its answer is being written
    await_copy(chat, origin)
    expect(chat.page.locator("#thread > .message")).to_have_count(0)
    expect(chat.field).to_have_value(LONG)
    chat.ask("[[scenario:echo]] From the beginning")
    expect(chat.text).to_have_text("From the beginning")


def test_two_presses_make_one_copy(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] Once")
    origin, sent = chat.path, list[str]()
    chat.page.on(
        "request", lambda request: sent.append(request.url) if request.url.endswith("/fork") else None
    )
    chat.page.locator(f"#thread > .message--person {FORK}").evaluate(
        "(button) => (button.click(), button.click())"
    )
    await_copy(chat, origin)
    assert len(sent) == 1


@pytest.mark.usefixtures("lost_connections")
def test_a_refusal_is_said_and_can_be_repeated(chat: ChatPage, insider: BrowserContext) -> None:
    chat.ask("[[scenario:echo]] One")
    insider.set_offline(True)
    origin, message = chat.path, chat.page.locator("#thread > .message--person")
    message.hover()
    message.locator(FORK).click()
    expect(chat.page.locator("#toast")).to_be_visible()
    insider.set_offline(False)
    message.hover()
    message.locator(FORK).click()
    await_copy(chat, origin)
