"""A conversation that is longer than one page of messages."""

import re

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import Parley


def test_earlier_messages_are_loaded_in_place(chat: ChatPage, parley: Parley) -> None:
    made = parley.run(
        "from tests import factories; print(factories.long_conversation(factories.person('insider'), 150).id)"
    )
    chat.open(f"/c/{made}")
    page = chat.page
    expect(page.get_by_text("Message 149", exact=True)).to_be_in_viewport()
    expect(page.locator(".message")).to_have_count(20)
    page.locator("#main").evaluate("node => node.scrollTo(0, 0)")
    expect(page.locator(".message")).to_have_count(40)
    expect(page.get_by_text("Message 130", exact=True)).to_be_in_viewport()
    for count in (60, 80, 100, 120, 140, 150):
        page.locator("#main").evaluate("node => node.scrollTo(0, 0)")
        expect(page.locator(".message")).to_have_count(count)
    expect(page.get_by_role("button", name=re.compile("earlier"))).to_have_count(0)
