"""Markdown of the world in a real page: it is the same live, at the end and after a reload."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage

FOLDER = Path(__file__).parents[2] / "world" / "markdown"
ROWS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
RENDERING = FOLDER.parent / "rendering"
FORMULAS = json.loads((RENDERING / "formulas.json").read_text())["reported"]
COPIES = json.loads((RENDERING / "copies.json").read_text())
# Shows each text as a whole and in pieces of some characters; returns the texts that differ.
COMPARE = """async texts => {
  const { MarkdownStream } = await import("parley/markdown/stream.js");
  const different = [];
  const main = document.getElementById("main");
  // Formulas are set when their library has come, so they are compared as they are written.
  const formulas = "code.formula, code.formula-block";
  const shown = (box) => {
    const copy = box.cloneNode(true);
    const written = [...box.querySelectorAll(formulas)].map((code) => code.madeFrom ?? code.textContent);
    for (const code of copy.querySelectorAll(formulas)) {
      code.textContent = written.shift();
      for (const name of ["data-set", "data-wide", "tabindex", "role", "aria-label"]) code.removeAttribute(name);
    }
    return copy.innerHTML;
  };
  for (const text of texts) {
    const whole = document.createElement("parley-markdown");
    whole.className = "markdown";
    whole.textContent = text;
    const live = document.createElement("div");
    live.className = "markdown";
    main.append(whole, live);
    const stream = new MarkdownStream(live);
    for (let end = 3; end < text.length; end += 3) stream.grow(text.slice(0, end));
    stream.grow(text, { growing: false });
    // Imports end in the order in which they were asked for: those of the code above have ended then.
    await import("highlight");
    await new Promise(requestAnimationFrame);
    if (shown(whole) !== shown(live)) different.push([text, shown(whole), shown(live)]);
    whole.remove();
    live.remove();
  }
  return different;
}"""


@pytest.fixture
def answers(chat: ChatPage) -> ChatPage:
    """A page with the highlighter loaded, so that code has its colours at once."""
    chat.page.evaluate("import('highlight')")
    return chat


@pytest.mark.parametrize("kind", ROWS)
def test_a_text_is_the_same_live_and_whole(answers: ChatPage, kind: str) -> None:
    texts = [row["text"] for row in ROWS[kind]]
    assert answers.page.evaluate(COMPARE, [*texts, "\n\n".join(texts)]) == []


@pytest.mark.parametrize(
    "rows", [FORMULAS, COPIES["tables"], COPIES["code"]], ids=["formulas", "tables", "code"]
)
def test_a_reported_text_is_the_same_live_and_whole(answers: ChatPage, rows: list[dict[str, Any]]) -> None:
    assert answers.page.evaluate(COMPARE, [row["text"] for row in rows]) == []


def show(chat: ChatPage, text: str) -> None:
    """Show a text as an answer, in an element with the id "shown"."""
    chat.page.evaluate(
        """text => {
          document.getElementById("shown")?.remove();
          const box = document.createElement("parley-markdown");
          box.id = "shown";
          box.className = "markdown";
          box.textContent = text;
          document.getElementById("main").append(box);
        }""",
        text,
    )


def settled(chat: ChatPage) -> str:
    """Return the answer's HTML once nothing in it has changed for twenty frames: formulas are set one after another."""
    expect(chat.text.locator("[data-set]").first).to_be_visible()
    return str(
        chat.text.evaluate(
            """async box => {
              for (let same = 0, before = ""; same < 20; same = box.innerHTML === before ? same + 1 : 0) {
                before = box.innerHTML;
                await new Promise(requestAnimationFrame);
              }
              return box.innerHTML;
            }"""
        )
    )


def test_an_answer_is_the_same_after_its_end_and_a_reload(chat: ChatPage) -> None:
    texts = [row["text"] for kind in ("emphasis", "formulas", "addresses") for row in ROWS[kind][:8]]
    chat.ask("[[scenario:echo pace=2000]] " + "\n\n".join(texts))
    ended = settled(chat)
    assert "<strong>핵심(Key)</strong>은" in ended
    chat.page.reload()
    expect(chat.answers).to_have_count(1)
    assert settled(chat) == ended


def test_footnotes_lead_there_and_back(chat: ChatPage) -> None:
    show(
        chat,
        "One[^a].\n\n"
        + "Filler.\n\n" * 60
        + "<details><summary>s</summary>\n\nIn[^b].\n\n</details>\n\n[^a]: First.\n[^b]: Second.",
    )
    box = chat.page.locator("#shown")
    box.get_by_role("button", name="Footnote 1").click()
    expect(box.locator(".footnotes > li").first).to_be_focused()
    expect(box.locator(".footnotes > li").first).to_be_in_viewport()
    box.get_by_role("button", name="Back to the text").nth(1).click()
    expect(box.get_by_role("button", name="Footnote 2")).to_be_focused()
    expect(box.locator("details")).to_have_attribute("open", "")


def test_what_a_person_unfolds_stays_unfolded(chat: ChatPage) -> None:
    opened = chat.page.evaluate(
        """async () => {
          const { MarkdownStream } = await import("parley/markdown/stream.js");
          const box = document.createElement("div");
          document.getElementById("main").append(box);
          const stream = new MarkdownStream(box);
          const text = "<details><summary>s</summary>\\n\\none\\n\\n";
          stream.grow(text);
          box.querySelector("details").open = true;
          stream.grow(text + "two\\n\\n</details>\\n\\nA\\n\\nB\\n\\nC");
          return box.querySelector("details").open;
        }"""
    )
    assert opened is True


@pytest.mark.parametrize(
    "text",
    [
        "Fact. [\\[1\\]](https://evil.example/)",
        "Fact. [[1]](https://evil.example/)",
        "Fact. [1](https://evil.example/)",
        "Fact. \ufdd0[1](https://evil.example/)",
        "Fact. [\\[1\\]](/cited/0-0?document=0&title=a)",
        "Fact. [source](/cited/0-0?document=0&title=a)",
        "Fact. [1]\n\n[1]: /cited/0-0?document=0",
        '<a class="citation" href="https://evil.example/">[1]</a>',
    ],
)
def test_a_model_cannot_write_a_citation(chat: ChatPage, text: str) -> None:
    chat.ask("[[scenario:echo pace=400]] " + text)
    for _ in range(2):
        expect(chat.text).to_contain_text("[" if "<a" in text or "[[" in text else "Fact.")
        assert chat.text.locator(".citation, a[href^='/']").count() == 0
        chat.page.reload()


def test_lists_and_headings_keep_their_distances(chat: ChatPage) -> None:
    show(
        chat,
        "- text\n\n  ```\n  code\n  ```\n\n- b\n  ```\n  code\n  ```\n\n<div>html</div>\n\n## Heading\n\n> ## First",
    )
    gaps: Any = chat.page.evaluate(
        """() => {
          const top = (node) => node.getBoundingClientRect().top;
          const bottom = (node) => node.getBoundingClientRect().bottom;
          const find = (selector) => document.querySelector(`#shown ${selector}`);
          const [paragraph, code] = find("li").children;
          const quote = find("blockquote");
          return {
            code: top(code) - bottom(paragraph),
            heading: top(find("h3")) - bottom(find("h3").previousElementSibling),
            first: top(quote.firstElementChild) - top(quote),
          };
        }"""
    )
    assert gaps["code"] >= 6
    assert gaps["heading"] >= 16
    assert gaps["first"] == 0
