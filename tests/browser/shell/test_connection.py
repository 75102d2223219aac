"""The connection: lost and restored, unsent messages, changes made elsewhere, signing out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import OpenChat, Parley
from tests.support.chromium import Watch, await_address

# The list of conversations is asked for 150 ms after its reason.
CHANGE_THE_LIST = """() => new Promise((done) => {
  document.dispatchEvent(new Event("visibilitychange"));
  setTimeout(done, 300);
})"""
DELETE = """
from chat.models import Conversation
from chat.operations.deletion.hide import delete_conversations
found = Conversation.objects.get(id="{}")
delete_conversations(user=found.owner, conversation_ids=[found.id])
"""
RENAME = """
from chat.models import Conversation
from chat.operations.conversations.edit import update_conversation
found = Conversation.objects.get(id="{}")
update_conversation(user=found.owner, conversation_id=found.id, title="Renamed meanwhile")
"""
PACED = "[[scenario:long tokens=300 pace=60]] Tell me more"


pytestmark = pytest.mark.usefixtures("lost_connections")


def test_a_lost_connection_is_shown_and_loses_no_text(chat: ChatPage, insider: BrowserContext) -> None:
    chat.send(PACED).await_text(20)
    insider.set_offline(True)
    expect(chat.connection).to_have_text("Offline. Your messages are kept and sent later.")
    insider.set_offline(False)
    expect(chat.connection).to_be_hidden()
    chat.await_end()
    streamed = chat.text.text_content()
    chat.page.reload()
    expect(chat.text).to_have_text(streamed or "")


def test_a_message_written_offline_is_sent_once(chat: ChatPage, insider: BrowserContext) -> None:
    chat.ask("[[scenario:echo]] First")
    insider.set_offline(True)
    expect(chat.connection).to_be_visible()
    chat.send("[[scenario:echo]] Written offline")
    expect(chat.page.locator(".message--pending")).to_contain_text("Written offline")
    expect(chat.page.locator(".message--pending")).to_contain_text("Waiting for the connection…")
    insider.set_offline(False)
    expect(chat.answers).to_have_count(2)
    chat.await_end()
    expect(chat.page.locator(".message--pending")).to_have_count(0)
    chat.page.reload()
    expect(chat.page.locator(".message--person")).to_have_count(2)


def test_the_list_of_conversations_waits_for_the_connection(
    chat: ChatPage, insider: BrowserContext, parley: Parley
) -> None:
    chat.ask("[[scenario:echo]] Before")
    title = chat.page.locator(".conversation--current .conversation__title")
    expect(title).to_contain_text("Before")
    insider.set_offline(True)
    expect(chat.connection).to_be_visible()
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    chat.page.evaluate(CHANGE_THE_LIST)
    assert not [url for url in asked if "/sidebar" in url]
    expect(chat.page.locator("#toast")).to_be_hidden()
    parley.run(RENAME.format(chat.path.removeprefix("/c/")))
    insider.set_offline(False)
    expect(title).to_have_text("Renamed meanwhile")


def test_a_message_survives_a_closed_tab(
    chat: ChatPage, insider: BrowserContext, second_tab: Callable[[str], ChatPage]
) -> None:
    chat.ask("[[scenario:echo]] First")
    path = chat.path
    insider.set_offline(True)
    expect(chat.connection).to_be_visible()
    chat.send("[[scenario:echo]] Before the tab was closed")
    expect(chat.page.locator(".message--pending")).to_be_visible()
    chat.page.close()
    insider.set_offline(False)
    other = second_tab(path)
    expect(other.answers).to_have_count(2)
    expect(other.page.locator(".message--person").last).to_contain_text("Before the tab was closed")


def test_two_tabs_resend_only_their_own_messages(
    chat: ChatPage, insider: BrowserContext, second_tab: Callable[[str], ChatPage]
) -> None:
    chat.ask("[[scenario:echo]] First")
    other = second_tab("/")
    chat.send(PACED).await_text(20)
    insider.set_offline(True)
    for tab in (chat, other):
        expect(tab.connection).to_be_visible()
    other.send("[[scenario:echo]] A new conversation")
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


def test_a_new_tab_does_not_send_a_pending_message(
    chat: ChatPage, insider: BrowserContext, second_tab: Callable[[str], ChatPage]
) -> None:
    insider.set_offline(True)
    expect(chat.connection).to_be_visible()
    chat.send("[[scenario:echo]] Written in the first tab")
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


@pytest.mark.parametrize("offline", [False, True], ids=["online", "offline"])
def test_the_page_leaves_a_conversation_deleted_elsewhere(
    chat: ChatPage, insider: BrowserContext, parley: Parley, offline: bool
) -> None:
    chat.ask("[[scenario:echo]] Soon gone")
    if offline:
        insider.set_offline(True)
        expect(chat.connection).to_be_visible()
    gone = f"{parley.url}/?deleted={chat.path.removeprefix('/c/')}"
    requests: list[str] = []
    chat.page.on("request", lambda request: requests.append(request.url))
    parley.run(DELETE.format(chat.path.removeprefix("/c/")))
    insider.set_offline(False)
    expect(chat.page).to_have_url(f"{parley.url}/")
    expect(chat.page.locator("#welcome")).to_be_visible()
    expect(chat.page.locator("#toast")).to_contain_text("Conversation deleted")
    # A second navigation would abort the first one, and the page would load twice.
    assert requests.count(gone) == 1


def test_a_draft_stays_in_its_conversation(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] Hello")
    chat.field.fill("Half a thought")
    chat.page.reload()
    expect(chat.field).to_have_value("Half a thought")
    chat.open("/")
    expect(chat.field).to_have_value("")


def test_missed_messages_appear_after_reconnecting(
    chat: ChatPage, insider: BrowserContext, open_chat: OpenChat
) -> None:
    chat.ask("[[scenario:echo]] First")
    elsewhere = open_chat(chat.path)
    insider.set_offline(True)
    expect(chat.connection).to_be_visible()
    elsewhere.ask("[[scenario:echo]] Said elsewhere")
    insider.set_offline(False)
    expect(chat.answers).to_have_count(2)
    expect(chat.text).to_contain_text("Said elsewhere")


def test_the_page_reconnects_to_a_restarted_server(chat: ChatPage, parley: Parley, watch: Watch) -> None:
    chat.ask("[[scenario:echo]] Before")
    parley.server.stop()
    expect(chat.connection).to_have_text("Reconnecting…")
    chat.send("[[scenario:echo]] In between")
    parley.server.start()
    expect(chat.connection).to_be_hidden(timeout=40_000)
    expect(chat.answers).to_have_count(2)
    chat.await_end()
    expect(chat.text).to_contain_text("In between")
    # A server that stops or starts may refuse a socket; the page tries again.
    watch.errors = [error for error in watch.errors if not error.startswith("WebSocket connection")]


def test_signing_out_elsewhere_leads_to_the_sign_in(
    open_context: Callable[..., BrowserContext], parley: Parley
) -> None:
    context = open_context()
    session = parley.open_session("insider")
    context.add_cookies([{"name": "parley_session", "value": session, "url": parley.url}])
    chat = ChatPage(context.new_page(), parley.url).open()
    parley.run(f"from tests.browser.cast import end_session; end_session({session!r})")
    await_address(chat.page, f"{parley.url}/accounts/login/**")


def test_tabs_left_open_show_nothing_to_the_next_person(
    open_context: Callable[..., BrowserContext], parley: Parley
) -> None:
    context = open_context()
    first, second = parley.open_session("leaver"), parley.open_session("successor")
    cookie = {"name": "parley_session", "value": first, "url": parley.url}
    context.add_cookies([cookie])
    old, unsent = (ChatPage(context.new_page(), parley.url).open() for _tab in range(2))
    old.ask("[[scenario:echo]] A private word")
    old.field.fill("A private draft")
    context.set_offline(True)
    expect(unsent.connection).to_be_visible()
    unsent.send("[[scenario:echo]] A private message that waits")
    expect(unsent.page.locator(".message--pending")).to_be_visible()
    unsent.field.fill("Another private draft")
    context.add_cookies([{**cookie, "value": second}])
    parley.run(f"from tests.browser.cast import end_session; end_session({first!r})")
    context.set_offline(False)
    old.page.get_by_role("heading", name="There is nothing here").wait_for()
    old.page.get_by_role("link", name="Go to your conversations").click()
    expect(unsent.page.locator(".message--pending")).to_have_count(0)
    for tab in (old, unsent):
        tab.await_connection()
        expect(tab.page.locator("body")).not_to_contain_text("private")
        expect(tab.field).to_have_value("")
    unsent.page.locator("[data-files]").set_input_files(
        [{"name": "own.txt", "mimeType": "text/plain", "buffer": b"Mine."}]
    )
    expect(unsent.page.locator(".chip[data-status=ready]")).to_have_count(1)
    unsent.ask("[[scenario:echo]] My own word")
    told = parley.run(
        "from chat.models import Message, User; "
        "print([m.text for m in Message.objects.filter(role='user',"
        " conversation__owner=User.objects.get(email__startswith='successor'))])"
    )
    assert "My own word" in told
    assert "private" not in told
