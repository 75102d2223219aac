"""Attachments: picked, dropped and pasted files, their progress, citations of them, and refused files."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import OpenChat, Parley
from tests.support import media

NOTES = {"name": "notes.md", "mimeType": "text/markdown", "buffer": b"Grass is green. Sky is blue.\n" * 3}
PHOTO = {"name": "photo.png", "mimeType": "image/png", "buffer": media.picture("PNG", (600, 400))}
HAND_OVER = """
([kind, name, type, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name, { type }));
  const place = document.getElementById("message");
  if (kind === "paste") {
    const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: files });
    place.dispatchEvent(event);
  } else {
    for (const step of ["dragenter", "dragover", "drop"]) {
      place.dispatchEvent(new DragEvent(step, { bubbles: true, cancelable: true, dataTransfer: files }));
      if (step === "dragover") window.dropping = document.querySelector(".stage").hasAttribute("data-dropping");
    }
  }
}
"""


def pick(chat: ChatPage, *files: Any) -> None:
    chat.page.locator("[data-files]").set_input_files(list(files))


def chips(chat: ChatPage, status: str = "ready") -> Locator:
    return chat.page.locator(f".chip[data-status={status}]")


def test_files_are_sent_and_citations_open_their_place(chat: ChatPage) -> None:
    pick(chat, NOTES, PHOTO)
    expect(chips(chat)).to_have_count(2)
    expect(chips(chat).locator("img[src$='/thumbnail']")).to_have_count(1)
    chat.ask("[[scenario:citations]]")
    expect(chat.page.locator(".chip")).to_have_count(0)
    asked_message = chat.page.locator(".message--person").last
    expect(asked_message.locator("img[alt='photo.png']")).to_be_visible()
    assert (
        asked_message.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 480
    )
    expect(asked_message.get_by_text("notes.md")).to_be_visible()
    link = chat.answer.locator("a.citation")
    expect(link).to_have_text("[1]")
    assert link.evaluate("link => [link.target, link.rel.includes('noopener')]") == ["_blank", True]
    link.evaluate("link => link.removeAttribute('target')")
    link.click()
    expect(chat.page.locator("#cited")).to_have_text("Grass is green.")
    expect(chat.page.get_by_role("heading", name="notes.md")).to_be_visible()
    chat.page.go_back()
    chat.page.reload()
    expect(chat.answer.locator("a.citation")).to_have_text("[1]")
    expect(chat.page.locator(".message--person img[alt='photo.png']")).to_be_visible()


def test_citations_are_links_while_the_answer_arrives(chat: ChatPage) -> None:
    pick(chat, NOTES)
    expect(chips(chat)).to_have_count(1)
    chat.send("[[scenario:default pace=25 tokens=4000]] What is green?")
    link = chat.live.locator("a.citation")
    expect(link).to_have_text("[1]")
    expect(chat.live.locator("parley-markdown")).to_have_count(1)
    address = link.get_attribute("href") or ""
    assert re.fullmatch(r"/cited/[0-9a-f-]{36}\?document=0&title=notes\.md&start=0&end=15", address)
    chat.page.reload()
    expect(chat.live.locator("a.citation")).to_have_attribute("href", address)
    chat.page.get_by_role("button", name="Stop the answer").click()
    chat.await_end()
    expect(chat.answer.locator("a.citation")).to_have_attribute("href", address)


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_files_are_dropped_and_pasted(chat: ChatPage, kind: str) -> None:
    chat.page.evaluate(HAND_OVER, [kind, f"{kind}.txt", "text/plain", "Some words"])
    expect(chips(chat)).to_have_count(1)
    expect(chips(chat)).to_contain_text(f"{kind}.txt")
    if kind == "drop":
        assert chat.page.evaluate("window.dropping") is True
    expect(chat.page.locator(".stage[data-dropping]")).to_have_count(0)
    chat.page.keyboard.press("Tab")
    chat.page.get_by_role("button", name=f"Remove {kind}.txt").press("Enter")
    expect(chat.page.locator(".chip")).to_have_count(0)
    expect(chat.field).to_be_focused()
    expect(chat.page.get_by_role("button", name="Send")).to_be_disabled()


def test_progress_is_shown_and_sending_waits_for_it(chat: ChatPage) -> None:
    requests: list[str] = []
    chat.page.on("request", lambda request: requests.append(request.url))
    network = chat.page.context.new_cdp_session(chat.page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 10_000}
    network.send("Network.emulateNetworkConditions", slow)
    pick(chat, {**NOTES, "name": "long.txt", "buffer": b"Many words. " * 60_000})
    bar = chat.page.locator(".chip progress")
    expect(bar).to_be_visible()
    chat.page.wait_for_function(
        "() => { const { value } = document.querySelector('.chip progress'); return value > 0 && value < 1; }"
    )
    chat.field.press("Enter")
    expect(chat.page.locator(".message--person")).to_have_count(0)
    network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    expect(chat.page.locator(".message--person:not(.message--pending)")).to_contain_text("long.txt")
    chat.await_end()
    before = len([url for url in requests if url.endswith("/attachments")])
    pick(chat, {**NOTES, "name": "again.txt", "buffer": b"Many words. " * 60_000})
    expect(chips(chat)).to_contain_text("again.txt")
    assert len([url for url in requests if url.endswith("/attachments")]) == before == 1


def test_refused_files_have_advice_and_lose_nothing(chat: ChatPage) -> None:
    chat.field.fill("Look at this")
    pick(
        chat, {"name": "old.doc", "mimeType": "application/msword", "buffer": b"\xd0\xcf\x11\xe0 old"}, NOTES
    )
    expect(chips(chat, "failed")).to_contain_text("Save it as .docx")
    expect(chips(chat)).to_have_count(1)
    chat.field.press("Enter")
    expect(chat.page.locator("#composer-error")).to_contain_text("Remove it")
    expect(chat.field).to_have_value("Look at this")
    chat.page.get_by_role("button", name="Remove old.doc").click()
    expect(chips(chat)).to_have_count(1)
    chat.page.reload()
    chat.await_connection()
    expect(chips(chat)).to_contain_text("notes.md")
    expect(chat.field).to_have_value("Look at this")


def test_a_phone_shows_the_tray(open_chat: OpenChat) -> None:
    chat = open_chat(name="korean", viewport={"width": 360, "height": 640})
    pick(chat, PHOTO, {**NOTES, "name": "a very long name of a file that goes on and on.md"})
    expect(chips(chat)).to_have_count(2)
    assert chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(chat.page.locator("[data-attach]")).to_be_in_viewport()
    for chip in chips(chat).all():
        expect(chip.locator("[data-remove]")).to_be_in_viewport()


def test_a_model_that_reads_the_files_is_offered(chat: ChatPage, parley: Parley) -> None:
    parley.run(
        "from chat.models import ProviderConnection; from tests import factories;"
        " factories.language_model('claude-sightless', display_name='Sightless', capabilities={'image_input': False},"
        " connection=ProviderConnection.objects.get(kind='simulator'))"
    )
    chat.page.reload()
    chat.await_connection()
    chat.choose("Sightless")
    pick(chat, PHOTO)
    expect(chips(chat)).to_have_count(1)
    chat.send("[[scenario:echo]] What is this?")
    expect(chat.page.get_by_role("alert")).to_have_text(re.compile("^Sightless can’t read images"))
    expect(chat.field).to_have_value("[[scenario:echo]] What is this?")
    offer = chat.page.locator("[data-problem]").get_by_role("button", name=re.compile("^Ask Claude"))
    offer.press("Enter")
    expect(chat.page.locator(".message--person img[alt='photo.png']")).to_be_visible()
    expect(chat.text).to_contain_text("What is this?")
    expect(chat.page.locator("[data-problem]")).to_be_hidden()
    expect(chat.field).to_be_focused()
    parley.run(
        "from chat.models import LanguageModel as M;"
        " M.objects.filter(display_name='Sightless').update(enabled=False)"
    )
