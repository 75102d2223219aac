"""One article for each turn: the same live, at its end and after a reload, with what the reader does in it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import LONG, ChatPage
from tests.browser.thread.cards import ask_for, card

# The thread without white space between elements, the notice of the moment, and what readers fold and unfold.
THREAD = """() => {
  const copy = document.getElementById("thread").cloneNode(true);
  for (const node of copy.querySelectorAll("*")) for (const name of ["open", "style", "data-folds", "data-seq"])
    node.removeAttribute(name);
  copy.querySelector("[data-notice]")?.remove();
  const walker = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
  const blank = [];
  while (walker.nextNode()) if (!walker.currentNode.data.trim()) blank.push(walker.currentNode);
  for (const node of blank) node.remove();
  return copy.innerHTML.replace(/> </g, ">\\n<");
}"""
# Selects 20 characters of a paragraph as soon as it has as many.
SELECT = """(place) => {
  const text = [...document.querySelectorAll(".message--live parley-markdown > p")].at(place)?.firstChild;
  if (!(text?.length > 20)) return "";
  getSelection().setBaseAndExtent(text, 0, text, 20);
  return String(getSelection());
}"""


def check_same_after_reload(chat: ChatPage) -> None:
    live = chat.page.evaluate(THREAD)
    chat.page.reload()
    chat.await_connection()
    assert chat.page.evaluate(THREAD) == live


@pytest.mark.parametrize(
    "text",
    [
        "Show me what you can do",
        "[[scenario:long tokens=200 thinking_tokens=60]] Tell me",
        "[[scenario:redacted_thinking]] Hello",
        "[[scenario:odd_text]] Hello",
        "[[scenario:empty]] Hello",
        "[[scenario:max_tokens after=20]] Count",
        "[[scenario:cut at=30]] Hello",
        "[[scenario:refusal_mid after=20]] Hello",
        "[[scenario:unknown_block]] Hello",
        "[[scenario:billing]] Hello",
    ],
)
def test_the_end_on_the_page_is_what_a_reload_shows(chat: ChatPage, text: str) -> None:
    chat.ask(text)
    check_same_after_reload(chat)


def test_rounds_with_tools_are_one_answer(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    ask_for(chat, "quick one", "fails tower", "careful three")
    expect(card(chat, "Careful")).to_contain_text("Waiting for your approval")
    expect(chat.answer.locator("[data-notice]")).to_have_text("Waiting for your approval.")
    check_same_after_reload(chat)
    expect(chat.answers).to_have_count(1)
    card(chat, "Careful").get_by_role("button", name="Allow once").click()
    chat.await_end()
    expect(chat.answers).to_have_count(1)
    expect(chat.answer.locator("[data-footer]")).to_have_count(1)
    line = chat.answer.locator("[data-line]", has_text="Quick")
    expect(line).to_contain_text("Quick · Fails: Failed · Careful")
    check_same_after_reload(chat)
    chat.answer.locator(".receipt summary").click()
    expect(chat.answer.locator(".receipt__list")).to_contain_text(re.compile(r"Model calls\s*2"))


def test_a_stopped_loop_has_one_ending(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    ask_for(chat, "quick one", "careful three")
    expect(card(chat, "Careful")).to_contain_text("Waiting for your approval")
    chat.stop.click()
    chat.await_end()
    for name in (".ending", "[data-continue]", "[data-retry-menu]", "[data-footer]", "[data-copy]"):
        expect(chat.answer.locator(name)).to_have_count(1)
    check_same_after_reload(chat)


@pytest.mark.parametrize("place", [0, -1], ids=["final paragraph", "growing paragraph"])
def test_what_a_reader_does_survives_the_end(chat: ChatPage, place: int) -> None:
    # The first paragraph is final when some others stand below it.
    chat.send(LONG.replace("pace=60", "pace=150 thinking_tokens=20"))
    expect(chat.live.locator("parley-markdown > p")).not_to_have_count(0)
    chat.page.wait_for_function("() => document.querySelectorAll('.message--live p').length > 4")
    chat.answer.locator(".steps > summary").click()
    selected = chat.page.wait_for_function(SELECT, arg=place).json_value()
    assert len(selected) == 20
    chat.await_text(chat.await_text() + 100)
    assert chat.page.evaluate("String(getSelection())") == selected
    chat.page.evaluate("window.shown = document.querySelector('.message--live')")
    chat.stop_elsewhere()
    expect(chat.answer.locator("[data-footer]")).to_be_visible()
    assert chat.page.evaluate("String(getSelection())") == selected
    assert chat.page.evaluate("window.shown.isConnected")
    expect(chat.answer.locator("details.steps")).to_have_attribute("open", "")


def copy_answer(chat: ChatPage) -> str:
    confirmed = ".message--answer [data-copy] use[href='#icon-check']"
    chat.record(confirmed)
    chat.answer.locator("[data-copy]").click()
    chat.await_recorded(confirmed)
    return str(chat.page.evaluate("navigator.clipboard.readText()"))


def test_copy_takes_the_whole_turn_exactly(open_with_tools: Callable[..., ChatPage]) -> None:
    chat = open_with_tools()
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask_for(chat, "quick one")
    chat.await_text(10)
    chat.await_end()
    copied = copy_answer(chat)
    texts = chat.page.locator("parley-markdown").evaluate_all("nodes => nodes.map((node) => node.source)")
    assert copied == "\n\n".join(texts)
    assert "quick says one" in copied
    chat.page.reload()
    chat.await_connection()
    chat.page.evaluate("navigator.clipboard.writeText('')")
    assert copy_answer(chat) == copied


def test_a_text_that_looks_like_a_citation_is_copied(chat: ChatPage) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    words = "See [\\[1\\]](https://example.com/a) and  two\ttabs\n\n    code"
    chat.ask(f"[[scenario:echo]]{words}")
    for _ in range(2):
        assert copy_answer(chat).endswith(words)
        chat.page.reload()
        chat.await_connection()
