"""Receipts, pictures, long messages, wide tables and code, the menu of models, and the printed page."""

import re
from pathlib import Path
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.chat_page import LONG, ChatPage
from tests.browser.checks import PHONE, check_accessible, check_touch_targets, check_width
from tests.browser.conftest import OpenChat, Parley
from tests.support import media

COLUMNS = " | ".join(f"Column {number}" for number in range(14))
WIDE = f"| {COLUMNS} |\n|{'---|' * 14}\n| {' | '.join(f'value {number}' for number in range(14))} |"
HAIKU = "Claude Haiku 5.5 (simulated)"
CODE = f"```python\nprint('{'very long ' * 30}')\n```"


def press_below(answer: Locator, line: Locator) -> None:
    """Press Enter on a line below an answer, which is only there while the answer has the focus."""
    answer.focus()
    expect(line).to_be_visible()
    line.press("Enter")


def test_a_receipt_closes_beside_it_and_by_escape(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] One")
    chat.ask("[[scenario:echo]] Two")
    first, second = chat.answers.first.locator(".receipt"), chat.answers.last.locator(".receipt")
    second.locator("summary").click()
    expect(second.locator("parley-time")).to_have_text(re.compile(r"20\d\d.*\d:\d\d"))
    check_accessible(chat.page)
    press_below(chat.answers.first, first.locator("summary"))
    expect(second).not_to_have_attribute("open", "")
    expect(first).to_have_attribute("open", "")
    chat.page.locator("#title").click()
    expect(first).not_to_have_attribute("open", "")
    # Escape closes the receipt first, and does not stop the answer that is being written.
    chat.send(LONG).await_text(20)
    # By keyboard: the row moves away from the mouse while the page follows the answer.
    press_below(chat.answers.first, first.locator("summary"))
    expect(first).to_have_attribute("open", "")
    chat.page.keyboard.press("Escape")
    expect(first).not_to_have_attribute("open", "")
    expect(first.locator("summary")).to_be_focused()
    expect(chat.stop).to_be_enabled()
    chat.page.keyboard.press("Escape")
    chat.await_end()
    expect(chat.answer).to_contain_text("You stopped this answer.")


@pytest.mark.parametrize("options", [{}, PHONE])
def test_a_receipt_is_seen_whole(open_chat: OpenChat, options: dict[str, Any]) -> None:
    chat = open_chat(**options)
    chat.ask("[[scenario:echo]] One")
    summary, rows = (chat.answer.locator(f".receipt {part}") for part in ("summary", ".receipt__list"))
    summary.click()
    for _ in range(2):
        expect(rows.locator("dt").first).to_be_in_viewport(ratio=1)
        expect(rows.locator("dd").last).to_be_in_viewport(ratio=1)
        # Playwright does not see what lies above it: the page does.
        ends = rows.evaluate(
            """list => [list.firstElementChild, list.lastElementChild].map((row) => {
              const { x, y } = row.getBoundingClientRect();
              return row.contains(document.elementFromPoint(x + 4, y + 4));
            })"""
        )
        assert ends == [True, True]
        chat.page.keyboard.press("Escape")
        chat.ask("[[scenario:echo]] Two " + "and more words " * 200)
        summary.click()


def test_times_are_in_the_zone_of_the_reader(open_chat: OpenChat, chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] What time is it?")
    chat.answer.locator(".receipt summary").click()
    moment = chat.answer.locator("parley-time").get_attribute("datetime")
    for zone, shift in (("Asia/Seoul", 9), ("America/Bogota", -5)):
        there = open_chat(chat.path, timezone_id=zone)
        there.answer.locator(".receipt summary").click()
        shown = there.page.evaluate(
            """([moment, shift]) => new Date(Date.parse(moment) + shift * 3_600_000).getUTCHours() % 12 || 12""",
            [moment, shift],
        )
        expect(there.answer.locator("parley-time")).to_have_text(re.compile(rf"\b{shown}:\d\d"))


def test_retry_asks_what_the_picker_shows(chat: ChatPage) -> None:
    chat.choose("Claude Haiku 5.5 (simulated)")
    chat.ask("[[scenario:billing]] Hello")
    chat.choose("Claude Opus 5.5 (simulated)")
    chat.answer.get_by_role("button", name="Retry").click()
    expect(chat.answers).to_have_count(1)
    expect(chat.live).to_have_count(0)
    expect(chat.answer).to_contain_text("Claude Opus 5.5")


def test_an_earlier_failed_answer_has_the_menu(chat: ChatPage) -> None:
    chat.ask("[[scenario:billing]] Hello")
    failed = chat.answers.first
    buttons = failed.locator("footer button:visible")
    expect(buttons).to_have_count(2)
    for name in ("Retry", "Ask another model"):
        expect(failed.get_by_role("button", name=name)).to_be_visible()
    chat.ask("[[scenario:echo]] Again")
    failed.hover()
    expect(buttons).to_have_count(1)
    failed.get_by_role("button", name="Retry").press("Enter")
    expect(chat.page.get_by_role("menuitem", name="Try again")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.answers).to_have_count(1)
    expect(chat.answer.locator(".versions")).to_contain_text("2 / 2")


def test_another_model_is_asked_from_the_menu(chat: ChatPage) -> None:
    chat.choose("Claude Haiku 5.5 (simulated)")
    chat.ask("[[scenario:echo]] Hello")
    retry = chat.answer.get_by_role("button", name="Retry")
    retry.press("Enter")
    menu = chat.page.get_by_role("menu", name="Retry")
    deeper, own, last = (
        menu.get_by_role("menuitem", name=name) for name in ("With another model", HAIKU, "Longer")
    )
    expect(menu.get_by_role("menuitem", name="Try again")).to_be_focused()
    steps = {"End": last, "w": deeper, "ArrowRight": own, "ArrowLeft": deeper, "Enter": own}
    for key, focused in steps.items():
        chat.page.keyboard.press(key)
        expect(focused).to_be_focused()
    check_accessible(chat.page)
    chat.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(retry).to_be_focused()
    for key in ("Enter", "ArrowDown", "ArrowRight"):
        chat.page.keyboard.press(key)
    menu.get_by_role("menuitem", name="Claude Opus 5.5 (simulated)").press("Enter")
    expect(chat.answer.locator(".versions")).to_contain_text("2 / 2")
    expect(chat.answer.locator(".receipt__model")).to_contain_text("Opus 5.5")
    expect(chat.page.locator("#choice option:checked")).to_have_text("Claude Opus 5.5 (simulated)")


def test_a_shorter_or_longer_answer_is_asked_from_the_menu(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] Hello")
    chat.answer.get_by_role("button", name="Retry").press("Enter")
    shorter = chat.page.get_by_role("menu", name="Retry").get_by_role("menuitem", name="Shorter")
    chat.page.keyboard.press("s")
    expect(shorter).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.answer.locator(".versions")).to_contain_text("2 / 2")
    asked = chat.answer.locator(".receipt__list > div", has_text="Requested length")
    chat.answer.locator(".receipt summary").click()
    expect(asked).to_contain_text("shorter")
    chat.answer.get_by_role("button", name="Retry").click()
    chat.page.get_by_role("menuitem", name="Longer").click()
    expect(chat.answer.locator(".versions")).to_contain_text("3 / 3")
    chat.answer.locator(".receipt summary").click()
    expect(asked).to_contain_text("longer")
    # "Try again" asks for the same once more.
    chat.retry()
    expect(chat.answer.locator(".versions")).to_contain_text("4 / 4")
    chat.answer.locator(".receipt summary").click()
    expect(asked).to_contain_text("longer")


def test_a_stalled_stream_says_so(chat: ChatPage) -> None:
    chat.send("[[scenario:stall at=90 seconds=600]] Hello")
    expect(chat.answer.locator("[data-notice]")).to_have_text(
        re.compile(r"Still waiting for the model… ([6-9]|\d\d+) s")
    )
    chat.stop.click()
    chat.await_end()
    expect(chat.answer.locator("[data-notice]")).to_have_count(0)


def test_long_messages_are_folded(chat: ChatPage) -> None:
    words = "\n".join(f"Line {number}" for number in range(40))
    chat.ask(f"[[scenario:echo]]{words}")
    bubble = chat.page.locator(".message__bubble")
    short = (bubble.bounding_box() or {})["height"]
    button = bubble.get_by_role("button", name="Show all")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(bubble.get_by_role("button", name="Show less")).to_have_attribute("aria-expanded", "true")
    assert (bubble.bounding_box() or {})["height"] > 2 * short
    chat.page.reload()
    expect(bubble.get_by_role("button", name="Show all")).to_be_visible()
    chat.ask("[[scenario:echo]] " + "\n".join("Short" for _ in range(8)))
    expect(bubble.last.get_by_role("button")).to_have_count(0)


def test_a_very_long_message_is_laid_out_when_unfolded(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    words = "[[scenario:max_tokens after=10]]" + "\n".join(f"Line {number}" for number in range(3000))
    # Set as a whole: a browser takes long to type so many lines.
    chat.field.evaluate("(field, words) => (field.value = words)", words)
    chat.field.press("Enter")
    expect(chat.answers).to_have_count(1)
    chat.await_end()
    text, preview = chat.page.locator(".message__text"), chat.page.locator(".message__preview")
    for _load in range(2):
        expect(preview).to_contain_text("Line 9")
        expect(text).to_be_hidden()
        chat.page.reload()
        chat.await_connection()
    chat.page.emulate_media(media="print")
    expect(text).to_be_visible()
    expect(preview).to_be_hidden()
    chat.page.emulate_media(media="screen")
    chat.page.get_by_role("button", name="Show all").click()
    expect(text).to_be_visible()
    expect(preview).to_be_hidden()
    box = chat.page.locator(".message__bubble").bounding_box() or {}
    assert box["x"] + box["width"] <= 1280
    assert text.evaluate("node => node.textContent") == words
    chat.page.locator(".message--person").hover()
    chat.page.locator(".message--person").get_by_role("button", name="Copy").click()
    expect(chat.page.locator("#announcer")).to_have_text("Copied")
    assert chat.page.evaluate("navigator.clipboard.readText()") == words


def test_wide_tables_and_code(chat: ChatPage, open_chat: OpenChat) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.ask(f"[[scenario:echo]]\n\n{WIDE}\n\n{CODE}")
    chat.answer.locator(".table").hover()
    chat.answer.get_by_role("button", name="Copy table").click()
    copied = chat.page.evaluate("navigator.clipboard.readText()").split("\n")
    assert [len(line.split("\t")) for line in copied] == [14, 14]
    assert copied[1].startswith("value 0\tvalue 1")
    code, wrap = chat.answer.locator(".code pre"), chat.answer.get_by_role("button", name="Wrap lines")
    assert code.evaluate("node => node.scrollWidth > node.clientWidth")
    wrap.click()
    expect(wrap).to_have_attribute("aria-pressed", "true")
    assert code.evaluate("node => node.scrollWidth === node.clientWidth")
    check_accessible(chat.page)
    phone = open_chat(chat.path, **PHONE)
    check_width(phone.page)
    check_touch_targets(phone.page)


def test_a_picture_opens_on_the_page(chat: ChatPage) -> None:
    photo = {"name": "photo.png", "mimeType": "image/png", "buffer": media.picture("PNG", (600, 400))}
    chat.page.locator("[data-files]").set_input_files([photo])
    expect(chat.page.locator(".chip[data-status=ready]")).to_have_count(1)
    chat.field.fill("[[scenario:echo]] Look")
    chat.field.press("Enter")
    picture = chat.page.locator("[data-picture]")
    expect(picture).to_be_visible()
    chat.await_end()
    picture.press("Enter")
    viewer = chat.page.get_by_role("dialog", name="Image")
    expect(viewer.locator("img")).to_have_attribute("src", re.compile("/attachments/.+/shown$"))
    check_accessible(chat.page)
    chat.page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(picture).to_be_focused()


def test_the_whole_conversation_is_printed(chat: ChatPage, parley: Parley, tmp_path: Path) -> None:
    made = parley.run(
        "from tests import factories; print(factories.long_conversation(factories.person('insider'), 80).id)"
    )
    chat.open(f"/c/{made}")
    chat.page.pdf(path=tmp_path / "print.pdf")
    pages = pypdf.PdfReader(tmp_path / "print.pdf").pages
    words = "\n".join(page.extract_text() for page in pages)
    assert len(pages) > 2
    for number in (0, 1, 40, 79):
        assert f"Message {number}\n" in f"{words}\n"
    assert "You said" in words
    for chrome in ("Show earlier", "New conversation", "Answers can be wrong"):
        assert chrome not in words


def test_links_have_their_addresses_on_paper(chat: ChatPage, tmp_path: Path) -> None:
    chat.ask("[[scenario:echo]] Read [the manual](https://example.org/manual) or https://example.com/plain.")
    chat.page.pdf(path=tmp_path / "print.pdf")
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(tmp_path / "print.pdf").pages)
    assert "the manual (https://example.org/manual)" in " ".join(words.split())
    assert "(https://example.com/plain)" not in words
