"""Tool cards: finished and waiting calls, the user's decision, and all of them after a reload."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.thread.cards import ask_for, card, unfold
from tests.support.chromium import Watch
from tests.support.parley import Parley
from tests.tools.servers import Gate, Served, gated

pytestmark = pytest.mark.usefixtures("network_log")


def test_a_call_is_allowed_with_edited_input_after_a_reload(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    ask_for(chat, "quick one", "fails tower", "careful three")
    expect(card(chat, "Quick")).to_contain_text("Done")
    expect(card(chat, "Fails")).to_contain_text("Failed")
    expect(card(chat, "Careful")).to_contain_text("Waiting for your approval")
    expect(chat.answer).to_contain_text("Waiting for your approval.")
    chat.page.reload()
    chat.await_connection()
    waiting = card(chat, "Careful")
    expect(waiting).to_contain_text("Waiting for your approval")
    expect(chat.stop).to_be_visible()
    waiting.get_by_role("button", name="Edit…").press("Enter")
    given = waiting.get_by_label("Input (JSON)")
    expect(given).to_be_focused()
    given.fill("not JSON")
    waiting.get_by_role("button", name="Allow edited input").click()
    expect(waiting.get_by_role("alert")).to_contain_text("not a JSON object")
    given.fill('{"text": 5}')
    waiting.get_by_role("button", name="Allow edited input").click()
    expect(waiting.get_by_role("alert")).to_contain_text("5 is not of type 'string'")
    expect(given).to_have_value('{"text": 5}')
    expect(waiting).to_contain_text("Waiting for your approval")
    given.fill('{"text": "another"}')
    waiting.get_by_role("button", name="Allow edited input").click()
    chat.await_end()
    expect(card(chat, "Careful")).to_contain_text("Done")
    expect(unfold(chat, "Careful").locator("[data-result]")).to_have_text("careful says another")
    chat.page.reload()
    expect(card(chat, "Careful")).to_contain_text("Done")
    expect(card(chat, "Fails")).to_contain_text("Failed")
    expect(chat.page.locator(".message--person")).to_have_count(1)


def paste(field: Locator, text: str) -> None:
    """Insert a text as the clipboard does: here `maxlength` cuts, other than where a script sets a value."""
    field.focus()
    field.page.keyboard.insert_text(text)


def test_a_call_is_denied_with_a_reason_on_a_phone(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools(viewport={"width": 360, "height": 740}, color_scheme="dark")
    ask_for(chat, "careful three")
    waiting = card(chat, "Careful")
    expect(waiting).to_contain_text("Waiting for your approval")
    assert chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    reason = waiting.get_by_label("Reason for Claude (optional)")
    waiting.get_by_role("button", name="Deny…").click()
    paste(reason, "지금은 안 돼요. " * 60)
    waiting.get_by_role("button", name="Deny", exact=True).click()
    expect(waiting.get_by_role("alert")).to_have_text("The reason may have at most 500 characters.")
    expect(reason).to_have_value("지금은 안 돼요. " * 60)
    reason.press("Escape")
    expect(waiting.get_by_role("button", name="Deny…")).to_be_focused()
    waiting.get_by_role("button", name="Deny…").press("Enter")
    reason.fill("지금은 안 돼요")
    reason.press("Enter")
    chat.await_end()
    expect(card(chat, "Careful")).to_contain_text("Denied")
    expect(unfold(chat, "Careful").locator("[data-result]")).to_contain_text("지금은 안 돼요")


def test_stopping_ends_a_waiting_call(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    ask_for(chat, "careful three")
    expect(card(chat, "Careful")).to_contain_text("Waiting for your approval")
    chat.stop.click()
    chat.await_end()
    expect(card(chat, "Careful")).to_contain_text("Not run")
    expect(chat.answer).to_contain_text("You stopped this answer.")


def test_a_call_of_the_mcp_connector_has_a_card(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools("Connected")
    chat.send("[[scenario:mcp pace=60 tokens=20000]] What is 1 + 1?")
    called = card(chat, "home · add")

    def shows_its_result() -> None:
        expect(called).to_have_count(1)
        expect(called.locator(".tool__status")).to_have_text("Done")
        expect(called.locator("[data-value]")).to_contain_text("What is 1 + 1?")
        expect(called.locator("[data-result]")).to_contain_text("home ran add")
        expect(chat.answer.locator("details.tool")).to_have_count(1)

    shows_its_result()
    expect(chat.live).to_have_count(1)
    chat.page.reload()
    chat.await_connection()
    shows_its_result()
    expect(chat.live).to_have_count(1)
    chat.stop.click()
    chat.await_end()
    shows_its_result()
    chat.page.reload()
    shows_its_result()
    # A line with one call unfolds its card too.
    chat.page.locator(".steps > summary", has_text="home · add").press("Enter")
    expect(called.locator("[data-result]")).to_be_visible()


def test_search_results_are_shown_with_links(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools("Searcher")
    chat.send("[[scenario:web_search pace=60 tokens=20000]] Rivers?")
    asked = card(chat, "Web search")
    sources = chat.page.locator("details.tool[data-type=sources]")

    def shows_its_sources() -> None:
        expect(asked.locator("[data-value]")).to_contain_text("Rivers?")
        expect(sources).to_have_count(1)
        expect(sources.locator(".tool__status")).to_have_text("1")
        link = sources.locator("a")
        expect(link).to_have_text("A simulated search result")
        expect(link).to_have_attribute("href", "https://example.com/simulated-result")
        expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")

    expect(asked.locator("[data-value]")).to_contain_text("Rivers?")
    chat.await_text(500)  # behind the results
    expect(chat.live).to_have_count(1)
    chat.stop.click()
    chat.await_end()
    shows_its_sources()
    chat.page.reload()
    shows_its_sources()
    chat.page.locator(".steps > summary", has_text="Web search").press("Enter")
    sources.locator("summary").press("Enter")
    expect(sources.locator("a")).to_be_visible()


def press_tab_to(page: Page, target: Locator) -> None:
    """Move the focus to the target with Tab."""
    for _ in range(20):
        page.keyboard.press("Tab")
        if target.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError("Tab does not reach the target")


def test_a_user_connects_a_server_with_the_keyboard(
    stage: Parley, session: str, open_context: Callable[..., BrowserContext], watch: Watch
) -> None:
    gate = Gate()
    with Served(lambda url: gated(gate, url)) as served:
        stage.shell(
            f"from tests.faults.seed_rows import seed_sign_in; seed_sign_in('counter', {served.url!r}, 'Handy')"
        )
        context = open_context()
        context.add_cookies([{"name": "parley_session", "value": session, "url": stage.server.url}])
        page = context.new_page()
        page.goto(f"{stage.server.url}/tools/mcp/counter/connect")
        expect(page.get_by_text("It asks you to sign in first")).to_be_visible()
        press_tab_to(page, page.get_by_role("button", name="Sign in"))
        page.keyboard.press("Enter")
        there = page.get_by_role("link", name="Continue to")
        expect(there).to_be_visible()
        expect(page.get_by_text("You will sign in at")).to_be_visible()
        press_tab_to(page, there)
        page.keyboard.press("Enter")
        expect(page.get_by_text("You are signed in.")).to_be_visible()
        expect(page).to_have_url(f"{stage.server.url}/tools/mcp/counter/connect")
        assert len(gate.access) == 1
        [left] = watch.foreign
        assert f" asked for {served.url}/authorize?" in left, (
            "the page leads to the server's own sign-in only"
        )
        watch.foreign.clear()
        press_tab_to(page, page.get_by_role("button", name="Sign out there"))
        page.keyboard.press("Enter")
        expect(page.get_by_text("It asks you to sign in first")).to_be_visible()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_allowed_tool_can_ask_again(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    page = chat.page
    button = page.get_by_role("button", name="Tools allowed in this conversation")
    dialog = page.get_by_role("dialog", name="Tools allowed in this conversation")
    ask_for(chat.keep_toasts(), "careful three")
    expect(button).to_be_hidden()
    card(chat, "Careful").get_by_role("button", name="Allow in this conversation").press("Enter")
    chat.await_end()
    expect(page.locator("#toast")).to_contain_text("Careful runs in this conversation without asking.")
    page.locator("#toast").get_by_role("button", name="Change…").click()
    expect(dialog.get_by_role("listitem")).to_have_text(re.compile("Careful"))
    page.keyboard.press("Escape")
    button.press("Enter")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    dialog.get_by_role("button", name="Ask before using Careful").press("Enter")
    expect(dialog).to_contain_text("Every tool that needs approval asks you again.")
    page.keyboard.press("Escape")
    expect(button).to_be_hidden()
    expect(chat.field).to_be_focused()
    ask_for(chat, "careful four")
    expect(chat.answer).to_contain_text("Waiting for your approval.")
