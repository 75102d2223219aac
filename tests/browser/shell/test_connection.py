"""The line to the server: lost and healed, kept messages, other people's sign-outs."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chat import Chat
from tests.browser.conftest import Parley
from tests.support.chromium import Watch

NO_LINE = "Error in connection establishment"
DELETE = """
from chat.models import Conversation
from chat.operations.conversations import delete_conversation
found = Conversation.objects.get(id="{}")
delete_conversation(user=found.owner, conversation_id=found.id)
"""
PACED = "[[scenario:long tokens=300 pace=60]] Tell me more"


@pytest.fixture(autouse=True)
def lines_fail_here(watch: Watch) -> Iterator[None]:
    """These tests cut the line; the browser's own complaint about that is expected, nothing else is."""
    yield
    watch.errors = [error for error in watch.errors if NO_LINE not in error]


def test_offline_is_said_and_heals_without_a_hole(chat: Chat, insider: BrowserContext) -> None:
    chat.say(PACED).await_words(20)
    insider.set_offline(True)
    expect(chat.page.locator("#connection")).to_have_text("Offline. What you send is kept.")
    insider.set_offline(False)
    expect(chat.page.locator("#connection")).to_be_hidden()
    chat.await_end()
    streamed = chat.text.text_content()
    chat.page.reload()
    expect(chat.text).to_have_text(streamed or "")


def test_a_message_written_offline_is_sent_once(chat: Chat, insider: BrowserContext) -> None:
    chat.ask("[[scenario:echo]] First")
    insider.set_offline(True)
    expect(chat.page.locator("#connection")).to_be_visible()
    chat.say("[[scenario:echo]] Written offline")
    expect(chat.page.locator(".message--pending")).to_contain_text("Written offline")
    expect(chat.page.locator(".message--pending")).to_contain_text("Waiting for the connection…")
    insider.set_offline(False)
    expect(chat.answers).to_have_count(2)
    chat.await_end()
    expect(chat.page.locator(".message--pending")).to_have_count(0)
    chat.page.reload()
    expect(chat.page.locator(".message--person")).to_have_count(2)


def test_a_message_survives_a_closed_tab(
    chat: Chat, insider: BrowserContext, second_tab: Callable[[str], Chat]
) -> None:
    chat.ask("[[scenario:echo]] First")
    path = chat.path
    insider.set_offline(True)
    expect(chat.page.locator("#connection")).to_be_visible()
    chat.say("[[scenario:echo]] Before the tab was closed")
    expect(chat.page.locator(".message--pending")).to_be_visible()
    chat.page.close()
    insider.set_offline(False)
    other = second_tab(path)
    expect(other.answers).to_have_count(2)
    expect(other.page.locator(".message--person").last).to_contain_text("Before the tab was closed")


def test_two_tabs_repeat_what_is_their_own(
    chat: Chat, insider: BrowserContext, second_tab: Callable[[str], Chat]
) -> None:
    chat.ask("[[scenario:echo]] First")
    other = second_tab("/")
    chat.say(PACED).await_words(20)
    insider.set_offline(True)
    for tab in (chat, other):
        expect(tab.page.locator("#connection")).to_be_visible()
    other.say("[[scenario:echo]] A new conversation")
    expect(other.page.locator(".message--pending")).to_be_visible()
    insider.set_offline(False)
    expect(other.text).to_contain_text("A new conversation")
    other.await_end()
    assert other.path not in ("/", chat.path)
    chat.await_end()
    expect(chat.page.locator(".message--person")).to_have_count(2)
    streamed = chat.text.text_content()
    chat.page.reload()
    expect(chat.text).to_have_text(streamed or "")


def test_a_new_tab_leaves_a_waiting_message_to_the_tab_that_wrote_it(
    chat: Chat, insider: BrowserContext, second_tab: Callable[[str], Chat]
) -> None:
    insider.set_offline(True)
    expect(chat.page.locator("#connection")).to_be_visible()
    chat.say("[[scenario:echo]] Written in the first tab")
    expect(chat.page.locator(".message--pending")).to_be_visible()
    kept = chat.page.evaluate("Object.entries(localStorage)")
    insider.set_offline(False)
    expect(chat.text).to_contain_text("Written in the first tab")
    # The second tab finds the entry as if the first one had not been answered yet.
    chat.page.evaluate("kept => kept.forEach(([key, value]) => localStorage.setItem(key, value))", kept)
    other = second_tab("/")
    other.page.wait_for_function(
        "async () => (await navigator.locks.query()).pending.some(({ name }) => name.startsWith('parley.'))"
    )
    expect(other.page.locator(".message--pending")).to_have_count(0)
    assert other.path == "/"


@pytest.mark.parametrize("offline", [False, True])
def test_a_conversation_that_is_deleted_elsewhere_is_left(
    chat: Chat, insider: BrowserContext, parley: Parley, offline: bool
) -> None:
    chat.ask("[[scenario:echo]] Soon gone")
    if offline:
        insider.set_offline(True)
        expect(chat.page.locator("#connection")).to_be_visible()
    parley.run(DELETE.format(chat.path.removeprefix("/c/")))
    insider.set_offline(False)
    chat.page.wait_for_url(f"{parley.url}/")


def test_a_draft_waits_in_its_conversation(chat: Chat) -> None:
    chat.ask("[[scenario:echo]] Hello")
    chat.field.fill("Half a thought")
    chat.page.reload()
    expect(chat.field).to_have_value("Half a thought")
    chat.open("/")
    expect(chat.field).to_have_value("")


def test_what_happened_meanwhile_is_shown_after_a_pause(
    chat: Chat, insider: BrowserContext, enter: Callable[..., BrowserContext], parley: Parley
) -> None:
    chat.ask("[[scenario:echo]] First")
    elsewhere = Chat(enter().new_page(), parley.url).open(chat.path)
    insider.set_offline(True)
    expect(chat.page.locator("#connection")).to_be_visible()
    elsewhere.ask("[[scenario:echo]] Said elsewhere")
    insider.set_offline(False)
    expect(chat.answers).to_have_count(2)
    expect(chat.text).to_contain_text("Said elsewhere")


def test_a_restarted_server_is_found_again(chat: Chat, parley: Parley, watch: Watch) -> None:
    chat.ask("[[scenario:echo]] Before")
    parley.server.stop()
    expect(chat.page.locator("#connection")).to_have_text("Reconnecting…")
    chat.say("[[scenario:echo]] In between")
    parley.server.start()
    expect(chat.page.locator("#connection")).to_be_hidden(timeout=40_000)
    expect(chat.answers).to_have_count(2)
    chat.await_end()
    expect(chat.text).to_contain_text("In between")
    # A server that ends or begins may refuse a socket; the page tries again.
    watch.errors = [error for error in watch.errors if not error.startswith("WebSocket connection")]


def test_signed_out_elsewhere_leads_to_the_sign_in(
    open_context: Callable[..., BrowserContext], parley: Parley
) -> None:
    context = open_context()
    session = parley.open_session("insider")
    context.add_cookies([{"name": "sessionid", "value": session, "url": parley.url}])
    chat = Chat(context.new_page(), parley.url).open()
    parley.run(f"from tests.browser.cast import end_session; end_session({session!r})")
    chat.page.wait_for_url(f"{parley.url}/accounts/login/**")
