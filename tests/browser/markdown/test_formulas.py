"""Formulas are set when they are whole, once, with MathML beside them; what is copied is what was typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import PHONE, check_both_themes, check_width
from tests.browser.conftest import OpenChat

TEXT = r"""Area is \(a_1 \cdot b_2\), it costs $5 to $10, 값은 $x^2$입니다.

\[
\int_0^1 x^2 \, dx = \frac{1}{3} + \underbrace{a + b + c + d + e + f + g + h + i + j + k + l + m
+ n + o + p + q + r + s + t + u}_{long}
\]

Broken: $$\frac{1}{$$ and chemistry \(\ce{H2O}\).

| f | g |
|---|---|
| $a_1$ | 2 |
"""
# Notes each place of the second paragraph while the answer arrives, and that no formula is set anew.
NOTE = """() => {
  window.made = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.matches?.(".katex, .katex-display")) window.made.push(node.textContent);
  }).observe(document.getElementById("main"), { childList: true, subtree: true });
}"""


@pytest.mark.parametrize(
    ("language", "options"), [("en", {}), ("ko", PHONE)], ids=["1440 px, English", "390 px, Korean"]
)
def test_formulas_are_set_and_copied_as_typed(
    open_chat: OpenChat, language: str, options: dict[str, object]
) -> None:
    chat = open_chat(name="korean" if language == "ko" else "insider", locale=language, **options)
    page = chat.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=chat.url)
    loaded = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('katex')).length"
    assert page.evaluate(loaded) == 0
    page.evaluate(NOTE)
    chat.ask(f"[[scenario:echo pace=60]]{TEXT}")
    expect(chat.text.locator("[data-set]")).to_have_count(5)
    expect(chat.text.locator("[data-set=display]")).to_have_count(1)
    assert chat.text.locator("math").count() == 5
    expect(chat.text).to_contain_text("it costs $5 to $10, 값은")
    expect(chat.text.locator("code.formula", has_text="frac{1}{$$")).to_be_visible()
    made = page.evaluate("window.made")
    assert len(made) == len(set(made)) == 5
    check_width(page)
    chat.answer.get_by_role("button", name="Copy" if language == "en" else "복사", exact=True).click()
    expect(page.locator("#announcer")).not_to_be_empty()
    assert page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n").strip() == TEXT.strip()
    # A selection that begins and ends within formulas has them whole.
    page.evaluate(
        """() => {
          const [first, second] = document.querySelectorAll("[data-set]");
          getSelection().setBaseAndExtent(first.querySelector(".mord"), 0, second.querySelector(".mord"), 1);
          document.execCommand("copy");
        }"""
    )
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(r"\(a_1 \cdot b_2\), it costs")
    assert copied.endswith("$x^2$")
    page.reload()
    # A formula that is wider than its box can be scrolled with the keyboard.
    wide = chat.text.locator("[data-set=display][tabindex]")
    expect(wide).to_have_count(1 if options else 0)
    check_both_themes(page)


def test_chemistry_waits_for_its_part_of_the_library(chat: ChatPage) -> None:
    library, chemistry = (hold(chat, pattern) for pattern in ("**/katex*.js", "**/mhchem*.js"))
    chat.page.evaluate(
        """() => {
          for (const text of ["$x^2$", "$\\\\ce{H2O}$"]) {
            const box = document.createElement("parley-markdown");
            box.textContent = text;
            document.getElementById("main").append(box);
          }
        }"""
    )
    formulas = chat.page.locator("#main .formula")
    expect(formulas).to_have_count(2)
    library()
    expect(formulas.nth(0)).to_have_attribute("data-set", "inline")
    chemistry()
    expect(formulas.nth(1)).to_have_attribute("data-set", "inline")


def hold(chat: ChatPage, pattern: str) -> Callable[[], None]:
    """Hold requests back, and return a function that lets them through when one has come."""
    held: list[Route] = []
    chat.page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 - Playwright asks for a function

    def release() -> None:
        while not held:
            chat.page.wait_for_timeout(20)
        for route in held:
            route.continue_()

    return release


# Found in the trackers of KaTeX and of chats that use it: commands that load, link, name or never end.
WORLD = Path(__file__).parents[2] / "world" / "rendering"
CASES = json.loads((WORLD / "formulas.json").read_text())
SHOW = """async (texts) => {
  const box = document.createElement("parley-markdown");
  box.className = "markdown";
  box.id = "box";
  box.textContent = texts.join("\\n\\n");
  document.getElementById("main").append(box);
  const began = performance.now();
  while (performance.now() - began < 20000) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const open = [...box.querySelectorAll(".formula, .formula-block")].filter((code) => code.madeFrom === undefined);
    if (!open.length) break;
  }
  const names = (node) => [...node.attributes].map(({ name }) => name);
  return [...box.querySelectorAll("*")].map((node) => [node.localName, node.id, names(node)]);
}"""


def test_no_formula_loads_links_names_or_covers_anything(chat: ChatPage) -> None:
    found = chat.page.evaluate(SHOW, CASES["hostile"])
    names = {name for name, _, _ in found}
    assert not names & {"a", "img", "script", "iframe", "object", "embed", "form", "link", "style"}
    assert not [identifier for _, identifier, _ in found if identifier]
    assert not [
        name for _, _, attributes in found for name in attributes if name.startswith(("on", "data-on"))
    ]
    assert chat.page.evaluate("window.hit") is None
    boxes = chat.page.evaluate(
        """() => [...document.querySelectorAll("#box [data-set=display]")].map((box) => box.offsetHeight)"""
    )
    assert max(boxes) < 2000
    # The message field is still reached by a click in its middle.
    chat.field.click()
    expect(chat.field).to_be_focused()


# Shows each text by itself, as a whole. Returns the formulas that were set, as they were typed, and what is read.
SHOW_EACH = """async (texts) => {
  const box = document.createElement("parley-markdown");
  const tick = () => new Promise((resolve) => setTimeout(resolve, 20));
  box.className = "markdown";
  document.getElementById("main").append(box);
  const shown = [];
  for (const text of texts) {
    const one = box.cloneNode();
    one.textContent = text;
    box.replaceWith(one);
    const formulas = () => [...one.querySelectorAll(".formula, .formula-block")];
    const open = () => formulas().some((code) => !code.dataset.set && !code.title);
    for (let turn = 0; turn < 200 && open(); turn += 1) await tick();
    shown.push([[...one.querySelectorAll("[data-set]")].map((code) => code.madeFrom), one.textContent]);
    one.replaceWith(box);
  }
  return shown;
}"""


def test_formulas_that_broke_other_chats_are_set_as_meant(chat: ChatPage) -> None:
    reported = CASES["reported"]
    shown = chat.page.evaluate(SHOW_EACH, [case["text"] for case in reported])
    for case, (formulas, text) in zip(reported, shown, strict=True):
        assert formulas == case["set"], case["source"]
        assert case.get("shown", "") in text, case["source"]
