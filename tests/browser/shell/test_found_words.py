"""The words of a search in the message that it led to: marked over the elements of an answer, and in view."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chat_page import ChatPage

WORLD = Path(__file__).parents[2] / "world" / "search"
ANSWERS: list[dict[str, Any]] = json.loads((WORLD / "marked.json").read_text())["answers"]
# Shows an answer with the elements of a thread, and what the server says of a found message. Returns what is marked,
# and whether the first mark can be seen within all boxes around it.
SHOW = """async ({ text, needles, before = "" }) => {
  const { showFoundMessage } = await import("parley/thread/found_message.js");
  document.getElementById("shown")?.remove();
  const root = document.createElement("div");
  root.id = "shown";
  Object.assign(root.dataset, { found: "1", words: JSON.stringify(needles) });
  root.innerHTML = `<article data-message="1" tabindex="0"><div data-blocks>${before}</div></article>`;
  const answer = document.createElement("parley-markdown");
  answer.className = "markdown";
  answer.dataset.type = "text";
  answer.textContent = text;
  root.querySelector("[data-blocks]").append(answer);
  document.getElementById("main").append(root);
  showFoundMessage(root, () => {});
  dispatchEvent(new Event("wheel"));
  // Each block of code has its colours, which come later and in new elements.
  while (root.querySelector("code[class*=language-]:not(:has(span))")) await new Promise(requestAnimationFrame);
  await null;
  const marks = [...CSS.highlights.get("found-words")];
  const words = marks[0]?.getBoundingClientRect();
  let inView = words?.width > 0;
  for (let box = marks[0]?.startContainer.parentElement; box; box = box.parentElement) {
    if (getComputedStyle(box).overflow === "visible") continue;
    const area = box.getBoundingClientRect();
    inView &&= words.top >= area.top && words.bottom <= area.bottom + 1;
    inView &&= words.left >= area.left && words.right <= area.right + 1;
  }
  return { marked: marks.map(String), inView };
}"""
LINES = [f"line {number}" for number in range(300)]
FILLED = "Filler.\n\n" * 60


def test_words_are_marked_over_the_elements_of_an_answer(chat: ChatPage) -> None:
    for row in ANSWERS:
        assert chat.page.evaluate(SHOW, row)["marked"] == row["marked"], row["about"]


@pytest.mark.parametrize(
    "text",
    [
        # nextcloud/spreed 18669, sourcegraph/sourcegraph-public-snapshot 10625, logseq/logseq 4017 and microsoft/vscode
        # 44330: a hit in a long block, far to the right, and in what is folded.
        "```\n" + "\n".join(["needle", *LINES]) + "\n```",
        "```\n" + "word " * 300 + "needle " + "word " * 300 + "\n```",
        "| a | b |\n|---|---|\n| " + "`longcell`" * 60 + " | needle |",
        f"{FILLED}<details><summary>s</summary>\n\n<details><summary>t</summary>\n\nneedle\n\n</details>\n\n</details>",
    ],
    ids=["a long block of code", "a long line of code", "a wide table", "folded parts"],
)
def test_the_first_hit_is_in_view(chat: ChatPage, text: str) -> None:
    shown = chat.page.evaluate(SHOW, {"text": f"{FILLED}{text}\n\n{FILLED}", "needles": ["needle"]})
    assert shown == {"marked": ["needle"], "inView": True}


def test_only_what_the_search_reads_is_marked(chat: ChatPage) -> None:
    thought = (
        '<details class="steps"><summary>Thought</summary><div data-type="thinking">code</div></details>'
    )
    shown = chat.page.evaluate(
        SHOW, {"text": "Some code:\n\n```\nlet a\n```", "needles": ["code"], "before": thought}
    )
    assert shown["marked"] == ["code"], "neither thoughts nor the button that copies code"
