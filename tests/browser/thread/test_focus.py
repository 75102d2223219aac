"""Where the focus goes on the page, what is announced, and which buttons Tab reaches."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.chat_page import LONG, ChatPage
from tests.browser.conftest import OpenChat, Parley
from tests.browser.thread.cards import ask_for, card

FOCUSED_ANSWER = ".message--live:focus"


def test_a_new_answer_has_the_focus_of_its_button(chat: ChatPage) -> None:
    chat.send(LONG).await_text(20)
    chat.stop.click()
    chat.await_end()
    # The rest of an answer is short.
    chat.record(FOCUSED_ANSWER)
    chat.page.get_by_role("button", name="Continue").press("Enter")
    expect(chat.answers).to_have_count(2)
    chat.await_recorded(FOCUSED_ANSWER)
    chat.await_end()
    expect(chat.answer).to_be_focused()
    chat.answer.get_by_role("button", name="Retry").press("Enter")
    chat.record(FOCUSED_ANSWER)
    chat.page.keyboard.press("Enter")
    chat.await_recorded(FOCUSED_ANSWER)
    chat.await_end()
    expect(chat.answer).to_be_focused()
    chat.answer.get_by_role("button", name="Previous version").press("Enter")
    expect(chat.answer.locator(".versions")).to_contain_text("1 / 2")
    expect(chat.answer.get_by_role("button", name="Next version")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.answer.locator(".versions")).to_contain_text("2 / 2")
    expect(chat.answer.get_by_role("button", name="Previous version")).to_be_focused()


def test_controls_that_disappear_hand_the_focus_to_the_field(chat: ChatPage) -> None:
    chat.field.fill(LONG)
    chat.page.get_by_role("button", name="Send").press("Enter")
    expect(chat.field).to_be_focused()
    chat.await_text(20)
    chat.stop.press("Enter")
    expect(chat.field).to_be_focused()
    chat.await_end()
    chat.send(LONG).await_text(20)
    chat.stop.click()
    expect(chat.field).to_be_focused()
    chat.await_end()
    chat.send(LONG).await_text(20)
    chat.stop.focus()
    expect(chat.stop).to_be_focused()
    chat.stop_elsewhere()
    expect(chat.field).to_be_focused()
    chat.ask("[[scenario:long tokens=900 pace=300]] A page to scroll")
    chat.page.locator("#main").evaluate("node => (node.scrollTop = 0)")
    chat.page.get_by_role("button", name="Go to the newest message").press("Enter")
    expect(chat.field).to_be_focused()


def test_stop_opens_no_keyboard_on_a_phone(open_chat: OpenChat) -> None:
    chat = open_chat(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    chat.send(LONG).await_text(20)
    chat.stop.tap()
    chat.await_end()
    expect(chat.field).not_to_be_focused()


def test_an_archived_row_hands_the_focus_to_the_list(chat: ChatPage, parley: Parley) -> None:
    parley.run("from tests import factories; factories.long_conversation(factories.person('insider'), 2)")
    chat.ask("[[scenario:echo]] once").keep_toasts()
    row = chat.page.locator(f".conversation:has(> a[href='{chat.path}'])")
    row.locator(".conversation__more").press("Enter")
    row.get_by_role("menuitem", name="Archive").press("Enter")
    expect(row).to_have_count(0)
    expect(chat.page.locator(".conversation > a:focus")).to_have_count(1)
    chat.page.get_by_role("button", name="Undo").press("Enter")
    expect(row).to_have_count(1)
    expect(chat.field).to_be_focused()


def test_earlier_messages_take_over_the_focus(chat: ChatPage, parley: Parley) -> None:
    made = parley.run(
        "from tests import factories; print(factories.long_conversation(factories.person('insider'), 80).id)"
    )
    chat.open(f"/c/{made}")
    earlier = chat.page.get_by_role("button", name="Show earlier messages")
    for count in (40, 60):
        earlier.press("Enter")
        expect(chat.page.locator(".message")).to_have_count(count)
        expect(earlier).to_be_focused()
    earlier.press("Enter")
    expect(chat.page.locator(".message")).to_have_count(80)
    expect(chat.page.locator(".message").first).to_be_focused()


def test_a_list_that_is_loaded_meanwhile_takes_no_focus(chat: ChatPage, parley: Parley) -> None:
    made = parley.run(
        "from tests import factories; print(factories.long_conversation(factories.person('insider'), 80).id)"
    )
    chat.open(f"/c/{made}")
    # The focus is set when a swap has settled; another one begins before that.
    chat.page.evaluate("htmx.config.defaultSettleDelay = 3000")
    chat.page.get_by_role("button", name="Show earlier messages").press("Enter")
    expect(chat.page.locator(".message")).to_have_count(40)
    with chat.page.expect_response("**/sidebar**"):
        chat.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(chat.page.get_by_role("button", name="Show earlier messages")).to_be_focused()


def test_cards_hand_the_focus_on(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    ask_for(chat, "careful one", "careful two")
    cards = card(chat, "Careful")
    expect(cards.last).to_contain_text("Waiting for your approval")
    expect(chat.page.locator("#announcer")).to_contain_text("Careful: Waiting for your approval.")
    expect(chat.page.locator("#announcer")).to_contain_text("two")
    # Nothing was being written: the card has the focus, and the whole of it is in view.
    expect(cards.locator("summary").first).to_be_focused()
    cards.first.get_by_role("button", name="Allow once").press("Enter")
    expect(cards.last.locator("summary")).to_be_focused()
    cards.last.get_by_role("button", name="Deny…").press("Enter")
    expect(cards.last.get_by_label("Reason for Claude (optional)")).to_be_focused()
    cards.last.get_by_role("button", name="Deny", exact=True).press("Enter")
    expect(chat.answer).to_be_focused()
    chat.await_end()
    expect(chat.answer).to_be_focused()
    # Unfolded for the decision only.
    expect(cards.first).to_be_hidden()


def test_a_card_leaves_the_focus_to_someone_who_writes(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    chat.ask("[[scenario:echo]] Hello")
    chat.field.press_sequentially("By the way")
    # The call comes from elsewhere, so that it can't be faster than the first letters here.
    other = ChatPage(chat.page.context.new_page(), chat.url).open(chat.path)
    ask_for(other, "careful one")
    expect(card(chat, "Careful")).to_contain_text("Waiting for your approval")
    expect(chat.field).to_be_focused()
    expect(chat.field).to_have_value("By the way")
    chat.stop.click()
    chat.await_end()


def test_a_tool_is_allowed_for_the_conversation(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    ask_for(chat, "careful one", "careful two")
    cards = card(chat, "Careful")
    expect(cards).to_have_count(2)
    cards.first.get_by_role("button", name="Allow in this conversation").click()
    chat.await_end()
    expect(chat.answer).to_contain_text("careful says two")
    ask_for(chat, "careful three")
    expect(chat.answer).to_contain_text("careful says three")
    chat.await_end()


def test_answers_and_retries_are_announced(chat: ChatPage) -> None:
    chat.record_announcements()
    chat.send("[[scenario:overloaded times=1 retry_after=3 key=announced]] Are you there?")
    beginning = chat.await_announcement("Claude is answering.")
    retry = chat.await_announcement("No answer yet. Trying again in ")
    end = chat.await_announcement("The answer is finished.")
    assert beginning < retry < end
    chat.ask("[[scenario:empty]] Hello")
    chat.await_announcement("The model sent an empty answer. Retry, or rephrase your message.")


def test_tab_reaches_older_buttons_only_through_their_message(chat: ChatPage) -> None:
    for text in ("one", "two"):
        chat.ask(f"[[scenario:echo]] {text}")
    heading = chat.page.get_by_role("heading", name=re.compile("answered$"))
    expect(heading).to_have_count(2)
    expect(chat.page.get_by_role("heading", name="You said")).to_have_count(2)
    chat.page.mouse.move(5, 5)
    older = chat.answers.first
    expect(older.locator("[data-copy]")).to_be_hidden()
    chat.page.locator(".message").first.focus()
    reached = []
    for _ in range(12):
        chat.page.keyboard.press("Tab")
        reached.append(chat.page.evaluate("document.activeElement.className.split(' ')[0]"))
    # The message's own buttons come into view when the message has the focus.
    assert reached[:6] == ["action", "action", "action", "message", "", "action"], reached
