"""Quotations that other chats and converters changed: Markdown in the text, addresses, powers, cells, selections."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage

WORLD = Path(__file__).parents[2] / "world" / "rendering"
CASES: list[dict[str, Any]] = json.loads((WORLD / "quotes.json").read_text())
# Shows a text as an answer, in an element with the id "shown", until its formulas are set.
SHOW = """async ({ text }) => {
  document.getElementById("shown")?.remove();
  document.getElementById("message").value = "";
  document.getElementById("message").blur();
  const box = document.createElement("parley-markdown");
  box.id = "shown";
  box.className = "markdown";
  box.textContent = text;
  document.getElementById("thread").append(box);
  while (box.querySelector("code.formula:not([data-set]), code.formula-block:not([data-set])"))
    await new Promise((done) => setTimeout(done, 20));
}"""
# Selects from one word to another, or all of the answer.
SELECT = """({ from, to, within = "" }) => {
  const box = document.getElementById("shown");
  const find = (word, root) => {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const at = texts.currentNode.data.indexOf(word);
      if (at >= 0) return [texts.currentNode, at];
    }
  };
  const range = new Range();
  range.selectNodeContents(box);
  if (from) range.setStart(...find(from, within ? box.querySelector(within) : box));
  if (to) {
    const [node, at] = find(to, box);
    range.setEnd(node, at + to.length);
  }
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


def test_passages_that_broke_elsewhere_are_quoted_as_they_read(chat: ChatPage) -> None:
    page = chat.ask("[[scenario:echo]] Hello").page
    for case in CASES:
        page.evaluate(SHOW, case)
        if "press" in case:
            page.locator(f"#shown {case['press']}").first.click(click_count=3)
        else:
            page.evaluate(SELECT, case)
        page.keyboard.press("Control+Shift+Period")
        expect(chat.field, case["about"]).to_have_value(f"{case['quoted']}\n\n")
