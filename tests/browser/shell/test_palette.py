"""The palette: conversations, commands and models by typing, and nothing while an input method composes."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import check_accessible, check_width
from tests.browser.conftest import OpenChat, Parley
from tests.browser.shell.views import DESK, MAKE, both_views
from tests.support.chromium import await_address

COMPOSED = """([key, keyCode, isComposing]) => {
  const event = new KeyboardEvent("keydown", { key, keyCode, isComposing, bubbles: true, cancelable: true });
  return document.getElementById("palette-input").dispatchEvent(event);
}"""


def active(page: Page) -> Locator:
    return page.locator("#palette [aria-selected=true]")


@both_views
def test_everything_is_found_by_typing(open_chat: OpenChat, parley: Parley, view: dict[str, Any]) -> None:
    word = "Narwhal" if view is DESK else "일각고래"
    newest = parley.run(MAKE.format(title=word)).split()[0]
    chat = open_chat(**view)
    page, field = chat.page, chat.page.locator("#palette-input")
    if view is DESK:
        page.keyboard.press("Control+k")
    else:
        page.locator(".topbar__palette").click()
    expect(field).to_be_focused()
    expect(page.locator("#palette [data-group=conversations] [role=option]")).not_to_have_count(0)
    check_width(page)
    check_accessible(page)
    field.fill(word.lower() if view is DESK else "ㅇㄱ고ㄹ")
    expect(page.locator("#palette [data-group=conversations] [role=option]")).to_have_count(4)
    expect(active(page)).to_contain_text(f"{word} 3")
    expect(field).to_have_attribute("aria-activedescendant", f"palette-{newest}")
    page.keyboard.press("ArrowUp")
    expect(active(page)).to_contain_text(field.input_value())
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    await_address(page, f"{chat.url}/c/{newest}")


def test_commands_act_on_this_page(open_chat: OpenChat) -> None:
    chat = open_chat(**DESK)
    page, field = chat.page, chat.page.locator("#palette-input")

    def run(words: str) -> None:
        page.keyboard.press("Control+k")
        field.fill(words)
        page.keyboard.press("Enter")
        expect(page.locator("#palette")).to_be_hidden()

    run("dark")
    expect(page.locator("html[data-theme=dark]")).to_be_attached()
    run("theme: system")
    label = page.locator("#choice option:not([disabled])").last.text_content() or ""
    run(label)
    expect(page.locator("#choice option:checked")).to_have_text(label)
    expect(chat.field).to_be_focused()
    run("temporary")
    expect(page.locator("body[data-temporary]")).to_be_attached()
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_hidden()
    run("keyboard short")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    check_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    field.fill("no such thing")
    expect(active(page)).to_contain_text("Search in messages for “no such thing”")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


# What palettes elsewhere took for commands: get-bb #3413 and #3415 (Enter, arrows), WordPress gutenberg #52821 (Safari
# reports 229), termany #15 (Escape), coven-cave #2705, SuperCmd #637.
@pytest.mark.parametrize("composed", [["Enter", 13, True], ["Enter", 229, False], ["ArrowDown", 40, True]])
def test_keys_of_an_input_method_run_nothing(chat: ChatPage, composed: list[Any]) -> None:
    page = chat.page
    page.keyboard.press("Control+k")
    page.locator("#palette-input").fill("dark")
    expect(active(page)).to_contain_text("Dark")
    assert page.evaluate(COMPOSED, composed), "the key is left to the input method"
    expect(page.locator("#palette")).to_be_visible()
    expect(active(page)).to_contain_text("Dark")
    expect(page.locator("html[data-theme=dark]")).to_have_count(0)
    page.locator("#palette-input").evaluate(
        "field => field.dispatchEvent(new CompositionEvent('compositionstart'))"
    )
    assert not page.locator("#palette").evaluate(
        "dialog => dialog.dispatchEvent(new Event('cancel', { cancelable: true }))"
    ), "Escape ends the composition first"


def test_enter_waits_for_conversations_that_are_on_their_way(open_chat: OpenChat, parley: Parley) -> None:
    newest = parley.run(MAKE.format(title="Zorilla")).split()[0]
    page = open_chat(**DESK).page
    page.keyboard.press("Control+k")
    page.keyboard.type("zorilla")
    page.keyboard.press("Enter")
    await_address(page, f"**/c/{newest}")
