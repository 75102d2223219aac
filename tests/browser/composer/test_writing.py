"""Writing: on phones, while an answer comes, long pastes, drafts that no model can read, and starters."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import checks
from tests.browser.chat_page import ChatPage
from tests.browser.checks import check_width
from tests.browser.conftest import OpenChat, Parley

PHONE = {"viewport": {"width": 390, "height": 430}, "has_touch": True, "is_mobile": True}
PASTE = """text => {
    const data = new DataTransfer();
    data.setData("text/plain", text);
    const options = { clipboardData: data, bubbles: true, cancelable: true };
    document.getElementById("message").dispatchEvent(new ClipboardEvent("paste", options));
}"""


def test_enter_breaks_the_line_on_a_phone(open_chat: OpenChat) -> None:
    chat = open_chat(**PHONE)
    assert chat.page.evaluate("document.activeElement.id") != "message", "a keyboard would cover the page"
    chat.field.tap()
    chat.page.keyboard.type("one")
    chat.page.keyboard.press("Enter")
    chat.page.keyboard.type("two")
    expect(chat.field).to_have_value("one\ntwo")
    assert chat.field.evaluate("field => field.enterKeyHint") == "enter"
    chat.page.get_by_role("button", name="Send").tap()
    expect(chat.page.locator(".message--person")).to_contain_text("one\ntwo")


def test_the_thread_has_room_beside_a_keyboard(open_chat: OpenChat) -> None:
    chat = open_chat(**PHONE)
    assert chat.page.evaluate("document.getElementById('main').clientHeight") >= 200
    before = chat.page.locator(".composer__box").bounding_box()
    chat.field.fill("x")
    expect(chat.page.locator("#gauge")).to_be_visible()
    assert chat.page.locator(".composer__box").bounding_box() == before, "nothing jumps at the first letter"
    check_width(chat.page)


def test_an_open_conversation_takes_what_is_typed(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] Once")
    chat.page.reload()
    chat.await_connection()
    chat.page.keyboard.type("at once")
    expect(chat.field).to_have_value("at once")


def test_a_message_waits_for_the_end_of_the_answer(chat: ChatPage) -> None:
    chat.send("[[scenario:stall at=5 seconds=600]] first")
    expect(chat.stop).to_be_visible()
    chat.send("[[scenario:echo]] second").send("and third")
    queued = chat.page.locator(".queued")
    expect(queued).to_contain_text("Sends when the answer is done")
    expect(chat.field).to_have_value("")
    chat.page.reload()  # nothing is lost: it is a draft again
    chat.await_connection()
    expect(chat.field).to_have_value("[[scenario:echo]] second\n\nand third")
    expect(chat.stop).to_be_visible()
    chat.field.press("Enter")
    expect(queued).to_be_visible()
    chat.stop.click()
    expect(chat.page.locator(".message--person")).to_have_count(2)
    expect(chat.page.locator(".message--person").last).to_contain_text("second")
    expect(queued).to_be_hidden()


def test_a_queued_message_can_be_taken_back(chat: ChatPage) -> None:
    chat.send("[[scenario:stall at=5 seconds=600]] first")
    expect(chat.stop).to_be_visible()
    chat.send("not yet")
    chat.field.fill("and more")
    chat.page.locator(".queued").get_by_role("button", name="Edit").click()
    expect(chat.field).to_have_value("not yet\n\nand more")
    expect(chat.field).to_be_focused()
    chat.page.keyboard.press("Escape")
    chat.await_end()
    expect(chat.page.locator(".message--person")).to_have_count(1)


def test_a_long_paste_becomes_a_file(chat: ChatPage) -> None:
    chat.page.evaluate(PASTE, "short")
    expect(chat.page.locator(".chip")).to_have_count(0)
    chat.page.evaluate(PASTE, "line of a log\n" * 500)
    expect(chat.page.locator(".chip__name")).to_have_text("Pasted text.txt")
    chat.page.get_by_role("button", name="Insert as text").click()
    expect(chat.page.locator(".chip")).to_have_count(0)
    expect(chat.field).to_have_value("line of a log\n" * 500)


def test_a_draft_beyond_the_window_is_not_sent(parley: Parley, chat: ChatPage) -> None:
    parley.run(
        "from chat.models import LanguageModel as M; M.objects.filter(model_id='claude-opus-4-6',"
        " connection__kind='simulator').update(display_name='Tiny', enabled=True, max_input_tokens=1000,"
        " default_max_tokens=500)"
    )
    chat.page.reload()
    chat.await_connection()
    chat.choose("Tiny")
    chat.field.fill("x" * 9000)
    error = chat.page.locator("#composer-error")
    expect(error).to_have_text(re.compile("longer than Tiny can read .*of 1,000 tokens"))
    expect(chat.page.locator("#gauge-warning")).to_have_text("")
    expect(chat.page.get_by_role("button", name="Send")).to_be_disabled()
    chat.field.press("Enter")
    expect(chat.field).to_have_value("x" * 9000)
    chat.field.fill("short")
    expect(error).to_be_hidden()
    chat.ask("[[scenario:echo]] short")


def test_a_starter_is_written_and_not_sent(parley: Parley, chat: ChatPage) -> None:
    starter = chat.page.locator("[data-starter]").first
    text = starter.get_attribute("data-starter") or ""
    starter.click()
    expect(chat.field).to_have_value(text)
    expect(chat.field).to_be_focused()
    assert chat.field.evaluate("field => field.selectionStart") == len(text)
    expect(chat.page.locator(".message--person")).to_have_count(0)


@pytest.mark.parametrize(("size", "language"), [({}, "en"), (checks.PHONE, "ko")], ids=["wide", "phone"])
def test_the_page_greets_as_the_chosen_assistant(
    open_chat: OpenChat, size: dict[str, object], language: str
) -> None:
    chat = open_chat(color_scheme="light", name="korean" if language == "ko" else "insider", **size)
    greeting = chat.page.locator("#greeting")
    general = greeting.inner_text()
    chat.page.locator("#choice").select_option(label="Echo")
    expect(greeting.get_by_role("heading", name="Echo")).to_be_visible()
    expect(greeting.locator("[data-starter]")).to_have_count(1)
    checks.check_width(chat.page)
    checks.check_both_themes(chat.page)
    # The next page is rendered for it: nothing changes under the reader's eyes.
    assert "Echo" in (chat.page.request.get(chat.page.url).text().split('id="greeting"')[1])
    chat.page.locator("#choice").select_option(index=len(chat.page.locator("#choice option").all()) - 1)
    expect(greeting).to_have_text(general, use_inner_text=True)


def test_files_count_in_the_gauge(chat: ChatPage) -> None:
    chat.page.locator("[data-files]").set_input_files(
        [{"name": "notes.txt", "mimeType": "text/plain", "buffer": b"word " * 2000}]
    )
    expect(chat.page.locator(".chip[data-status=ready]")).to_have_count(1)
    expect(chat.page.locator("#gauge")).to_have_attribute("aria-valuetext", re.compile("^About 4,000 of"))


def test_a_file_beyond_the_limit_is_refused_at_once(chat: ChatPage) -> None:
    asked: list[str] = []
    chat.page.on("request", lambda request: asked.append(request.url))
    chat.page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(23_000_000)], "big.pdf", { type: "application/pdf" }));
        const input = document.querySelector("[data-files]");
        input.files = data.files;
        input.dispatchEvent(new Event("change"));
    }""")
    expect(chat.page.locator(".chip__error")).to_contain_text("larger than 22 MB")
    assert not [url for url in asked if "attachments" in url]
    expect(chat.page.locator(".chip [data-again]")).to_be_hidden()


@pytest.mark.parametrize("press", ["again", "remove"])
def test_a_file_that_did_not_arrive_is_sent_again(chat: ChatPage, press: str) -> None:
    chat.page.route("**/api/v1/attachments", lambda route: route.abort())
    chat.page.locator("[data-files]").set_input_files(
        [{"name": "notes.txt", "mimeType": "text/plain", "buffer": b"words"}]
    )
    chip = chat.page.locator(".chip")
    expect(chip).to_have_attribute("data-status", "failed")
    chat.page.unroute("**/api/v1/attachments")
    chip.locator(f"[data-{press}]").click()
    if press == "again":
        expect(chip).to_have_attribute("data-status", "ready")
    else:
        expect(chip).to_have_count(0)
