"""One block of 5,000 rows arrives whole, is the same after a reload, and stays smooth while it grows."""

import statistics

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage

ROWS = 5_000
BLOCKS = {
    "table": ("| n | amount |\n|---|---|\n", "| {0} | {0}.50 |\n", "tbody tr"),
    "list": ("", "- item *{0}*\n", "li"),
    "code": ("```\n", "line {0}\n", "pre"),
}
SEND = """text => {
  document.getElementById("message").value = text;
  document.getElementById("composer").requestSubmit();
}"""
NOTE_STEPS = """() => {
  window.steps = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.steps.push(entry.duration);
  }).observe({ type: "longtask", buffered: true });
}"""
SHOW_ONCE = """text => {
  const element = document.createElement("parley-markdown");
  element.textContent = text;
  const began = performance.now();
  document.body.append(element);
  element.getBoundingClientRect();
  const took = performance.now() - began;
  element.remove();
  return took;
}"""


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_of_many_rows_stays_smooth(chat: ChatPage, kind: str) -> None:
    head, row, found = BLOCKS[kind]
    text = head + "".join(row.format(number) for number in range(1, ROWS + 1))
    chat.page.evaluate(NOTE_STEPS)
    chat.page.evaluate(SEND, f"[[scenario:echo pace=8000]]{text}")
    expect(chat.live).to_have_count(1)
    chat.await_text(20_000)
    steps = chat.page.evaluate("window.steps")
    chat.await_end()
    expect(chat.text).to_contain_text(f"{ROWS}")
    once = chat.page.evaluate(SHOW_ONCE, text)
    # A single long step may be caused by the machine; steps that grow with the text are many.
    assert (statistics.median(steps) if len(steps) > 5 else 0) < max(200, 2 * once), (steps, once)
    count = chat.text.locator(found).count()
    assert count == (ROWS if found in ("tbody tr", "li") else 1)
    shown = chat.text.text_content()
    chat.page.reload()
    expect(chat.text.locator(found)).to_have_count(count)
    assert chat.text.text_content() == shown
