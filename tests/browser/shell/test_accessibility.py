"""Accessibility of the chat page, checked with axe."""

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_accessible
from tests.browser.conftest import OpenChat


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_the_page_is_accessible(open_chat: OpenChat, scheme: str, size: dict[str, object]) -> None:
    chat = open_chat(color_scheme=scheme, reduced_motion="reduce", **size)
    check_accessible(chat.page)
    chat.ask("Show me a table and some code")
    expect(chat.answer.locator(".hljs-keyword").first).to_be_visible()
    chat.answer.locator(".receipt summary").click()
    check_accessible(chat.page)
    if size:
        chat.page.get_by_role("button", name="Show conversations").click()
    chat.page.get_by_role("button", name="Settings").click()
    check_accessible(chat.page)
