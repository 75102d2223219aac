"""One block of 5,000 rows arrives whole, is made once while it grows, and is the same after a reload.

How long the steps take is a row of `make bench`.
"""

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


@pytest.mark.parametrize("kind", BLOCKS)
def test_a_block_of_many_rows_is_made_once(chat: ChatPage, kind: str) -> None:
    head, row, found = BLOCKS[kind]
    text = head + "".join(row.format(number) for number in range(1, ROWS + 1))
    chat.count_parsed()
    chat.page.evaluate(SEND, f"[[scenario:echo pace=4000]]{text}")
    expect(chat.live).to_have_count(1)
    chat.await_text(20_000)
    chat.await_end()
    expect(chat.text).to_contain_text(f"{ROWS}")
    length = len(chat.text.inner_html())
    # Each row is made once, not again with each piece of text; a page that falls behind on a busy machine loads the
    # answer anew, which makes it once more.
    assert chat.parsed() < 3 * length, (chat.parsed(), length)
    count = chat.text.locator(found).count()
    assert count == (ROWS if found in ("tbody tr", "li") else 1)
    shown = chat.text.text_content()
    chat.page.reload()
    expect(chat.text.locator(found)).to_have_count(count)
    assert chat.text.text_content() == shown
