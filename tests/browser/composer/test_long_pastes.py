"""Long pastes: what the field takes arrives, what is refused returns to it, and nothing blocks other messages."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import Parley
from tests.support.chromium import Watch
from tests.support.server import furnished

TEXTS = {
    "Hangul": "'가'.repeat(400_000)",
    "lines": "'a\\n'.repeat(499_999) + 'a'",
    "quotes": "'\"'.repeat(600_000)",
    "emoji": "'😀'.repeat(400_000)",
}
PASTE = """text => {
    const field = document.getElementById("message");
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
}"""
# The page tries a large message on so many connections.
MOST_TRIES = 3
OUTBOX = "Object.entries(localStorage).find(([key]) => key.endsWith('.outbox'))?.[1] ?? null"
LEFT = """([big, conversation]) => {
    const message = { type: "turn.start", client_id: crypto.randomUUID(), conversation, assistant: null, model: null,
        parent: null, text: big, attachments: [] };
    const { person } = JSON.parse(document.getElementById("page").textContent);
    const entry = { message, at: Date.now(), page: "closed" };
    localStorage.setItem(`parley.${person}.outbox`, JSON.stringify([entry]));
    return `parley.${person}.draft.${conversation}`;
}"""


@pytest.fixture(scope="module")
def strict(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parley]:
    """A Parley behind something that takes frames of 100,000 bytes only."""
    server = furnished(tmp_path_factory.mktemp("strict"), prepared_data)
    try:
        yield Parley(server.start("--ws-max-size", "100000"))
    finally:
        server.kill()


@pytest.fixture
def strict_tab(strict: Parley, open_context: Callable[..., BrowserContext]) -> Callable[[], ChatPage]:
    context = open_context()
    context.add_cookies([{"name": "parley_session", "value": strict.sessions["insider"], "url": strict.url}])
    return lambda: ChatPage(context.new_page(), strict.url).open()


def paste(chat: ChatPage, expression: str) -> None:
    chat.page.evaluate(PASTE, chat.page.evaluate(expression))


def count_sockets(page: Page) -> list[str]:
    opened: list[str] = []
    page.on("websocket", lambda socket: opened.append(socket.url))
    return opened


@pytest.mark.parametrize("name", TEXTS)
def test_what_the_field_takes_arrives(chat: ChatPage, name: str) -> None:
    opened = count_sockets(chat.page)
    # Pasted and sent at once: the layout of half a million lines in a field takes a browser many seconds.
    chat.page.evaluate(f"({PASTE})({TEXTS[name]}); document.getElementById('composer').requestSubmit()")
    chat.page.wait_for_function("() => location.pathname.startsWith('/c/')")
    chat.page.wait_for_function(f"() => ({OUTBOX}) === null")
    shown = "document.querySelector('.message--person .message__text').textContent.length"
    assert chat.page.evaluate(shown) == chat.page.evaluate(f"({TEXTS[name]}).length")
    expect(chat.field).to_have_value("")
    assert opened == []


def test_a_text_beyond_the_limit_stays_whole_and_says_so(chat: ChatPage) -> None:
    paste(chat, "'가'.repeat(1_000_500)")
    words = "The message is longer than 1,000,000 characters. Shorten it or send it in parts."
    expect(chat.page.get_by_role("alert")).to_have_text(words)
    chat.field.press("Enter")
    expect(chat.page.get_by_role("alert")).to_have_text(words)
    assert chat.page.evaluate("document.getElementById('message').value.length") == 1_000_500
    expect(chat.page.locator(".message--person")).to_have_count(0)
    paste(chat, "'[[scenario:echo]] shorter'")
    expect(chat.page.get_by_role("alert")).to_be_hidden()
    chat.field.press("Enter")
    expect(chat.text).to_contain_text("shorter")


def test_a_refused_frame_returns_to_the_field(strict_tab: Callable[[], ChatPage], watch: Watch) -> None:
    chat = strict_tab()
    opened = count_sockets(chat.page)
    paste(chat, "'가'.repeat(200_000)")
    chat.field.press("Enter")
    expect(chat.page.get_by_role("alert")).to_have_text(
        "This message is too large to be sent. Shorten it, or attach it as a file."
    )
    assert chat.page.evaluate("document.getElementById('message').value.length") == 200_000
    assert chat.page.evaluate(OUTBOX) is None
    chat.await_connection()
    chat.send("[[scenario:echo]] Now short")
    expect(chat.text).to_contain_text("Now short")
    assert len(opened) <= MOST_TRIES


@pytest.mark.parametrize("elsewhere", [False, True], ids=["new conversation", "another conversation"])
def test_a_poisoned_entry_blocks_no_message(
    strict_tab: Callable[[], ChatPage], watch: Watch, elsewhere: bool
) -> None:
    first = strict_tab()
    first.ask("[[scenario:echo]] First")
    conversation = first.path.removeprefix("/c/") if elsewhere else None
    draft = first.page.evaluate(LEFT, ["가" * 200_000, conversation])
    second = strict_tab()
    opened = count_sockets(second.page)
    expect(second.page.get_by_role("alert")).to_contain_text("too large to be sent")
    assert second.page.evaluate(OUTBOX) is None
    kept = second.page.evaluate("key => localStorage.getItem(key)?.length ?? 0", draft)
    assert kept == (200_000 if elsewhere else 0)
    in_field = second.page.evaluate("document.getElementById('message').value.length")
    assert in_field == (0 if elsewhere else 200_000)
    second.await_connection()
    second.send("[[scenario:echo]] hello there")
    expect(second.text).to_contain_text("hello there")
    second.await_end()
    assert len(opened) <= MOST_TRIES
