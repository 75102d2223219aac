"""Tables and code as they are copied and saved: what other chats changed on the way to a spreadsheet or a terminal."""

import json
from pathlib import Path

import pytest

from tests.browser.chat_page import ChatPage

WORLD = Path(__file__).parents[2] / "world" / "rendering"
CASES = json.loads((WORLD / "copies.json").read_text())
# Shows a text, in an element with the id "shown", until its formulas are set.
SHOW = """async (text) => {
  document.getElementById("shown")?.remove();
  const box = document.createElement("parley-markdown");
  box.id = "shown";
  box.className = "markdown";
  box.textContent = text;
  document.getElementById("main").append(box);
  while (box.querySelector(".formula:not([data-set])")) await new Promise((done) => setTimeout(done, 20));
}"""
COPIES = """() => {
  navigator.clipboard.writeText = async (text) => { window.copied = text; };
}"""


@pytest.fixture
def copying(chat: ChatPage) -> ChatPage:
    """A page that keeps what is copied, so that each case is read at once."""
    chat.page.evaluate(COPIES)
    return chat


def copied(chat: ChatPage, button: str) -> str:
    chat.page.evaluate("window.copied = null")
    chat.page.locator(f"#shown [{button}]").dispatch_event("click")
    chat.page.wait_for_function("window.copied !== null")
    return str(chat.page.evaluate("window.copied"))


def test_tables_reach_a_spreadsheet_as_they_are_read(copying: ChatPage) -> None:
    for case in CASES["tables"]:
        copying.page.evaluate(SHOW, case["text"])
        assert copied(copying, "data-copy-table") == case["copied"], case["about"]
        with copying.page.expect_download() as saved:
            copying.page.locator("#shown [data-save-table]").dispatch_event("click")
        assert Path(saved.value.path()).read_bytes() == b"\xef\xbb\xbf" + case["csv"].encode(), case["about"]


def test_code_is_copied_as_it_was_written(copying: ChatPage) -> None:
    for case in CASES["code"]:
        copying.page.evaluate(SHOW, case["text"])
        assert copied(copying, "data-copy-code") == case["copied"], case["about"]
