"""The two ways in which each flow of the shell is tried: a desk in English, and a phone in Korean."""

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import PHONE

DESK = {"viewport": {"width": 1440, "height": 900}}
KOREAN_PHONE = {**PHONE, "locale": "ko-KR"}
both_views = pytest.mark.parametrize("view", [DESK, KOREAN_PHONE], ids=["desk", "korean-phone"])

MAKE = """
from chat.models import User
from tests import factories
owner = User.objects.get(email="insider@example.test")
made = [factories.conversation(owner, "Hello", title=f"{title} {{number}}") for number in range(4)]
print(" ".join(str(chat.id) for chat in reversed(made)))
"""


def show_list(chat: ChatPage) -> None:
    """Open the drawer where the list is one."""
    button = chat.page.locator("[data-open-drawer]")
    if button.is_visible():
        button.click()


def ask(chat: ChatPage, text: str) -> None:
    """Send a message in any language of the page, and wait for the whole answer."""
    chat.field.fill(text)
    chat.page.locator(".composer__send").click()
    expect(chat.page.locator(".message--answer:not(.message--live)")).to_have_count(1)
