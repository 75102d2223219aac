"""Tool cards as tests use them."""

import json

from playwright.sync_api import Locator

from tests.browser.chat_page import ChatPage


def ask_for(chat: ChatPage, *calls: str) -> None:
    pairs = [call.split(" ", 1) for call in calls]
    chat.field.fill("\n".join(f"/tool {name} {json.dumps({'text': text})}" for name, text in pairs))
    chat.field.press("Enter")


def card(chat: ChatPage, title: str) -> Locator:
    return chat.page.locator("details.tool", has=chat.page.locator(".tool__name", has_text=title))


def unfold(chat: ChatPage, title: str) -> Locator:
    """Unfold the steps around the card of a call, and the card; return the card."""
    found = card(chat, title)
    for box in (chat.page.locator("details.steps", has=found), found):
        if box.get_attribute("open") is None:
            box.locator("summary").first.click()
    return found
