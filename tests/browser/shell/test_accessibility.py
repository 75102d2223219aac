"""Accessibility of every kind of page, checked with axe in both themes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.checks import PHONE, check_both_themes
from tests.browser.conftest import OpenChat, OpenContext, Parley
from tests.support.server import ADMIN_PASSWORD

NOWHERE = "c/00000000-0000-0000-0000-000000000000"
OUTSIDE = (
    "login/",
    "signup/",
    "password/reset/",
    "password/reset/done/",
    "password/reset/key/a-b/",
    "inactive/",
)
INSIDE = (
    "settings/profile",
    "settings/sessions",
    "settings/servers",
    "accounts/email/",
    "accounts/password/change/",
)
INSIDE += ("accounts/2fa/", "accounts/logout/", "admin/", NOWHERE)


@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_the_chat_is_accessible(open_chat: OpenChat, size: dict[str, object]) -> None:
    chat = open_chat(color_scheme="light", reduced_motion="reduce", **size)
    page = chat.page
    check_both_themes(page)
    chat.ask("Show me a table and some code")
    expect(chat.answer.locator(".hljs-keyword").first).to_be_visible()
    chat.answer.locator(".receipt summary").click()
    check_both_themes(page)
    chat.ask("[[scenario:permission]] Not allowed")
    if size:
        page.get_by_role("button", name="Show conversations").click()
        check_both_themes(page)
    page.get_by_role("button", name="Settings").click()
    check_both_themes(page)
    page.keyboard.press("Escape")
    page.locator(".conversation__more").first.press("Enter")
    page.get_by_role("menuitem", name="Rename").click()
    expect(page.locator("#dialog")).to_be_visible()
    check_both_themes(page)


def test_account_pages_are_accessible(
    parley: Parley, signed_in_context: OpenContext, open_context: Callable[..., BrowserContext]
) -> None:
    page = open_context(color_scheme="light").new_page()
    for path in OUTSIDE:
        check(page, f"{parley.url}/accounts/{path}")
    page = signed_in_context(color_scheme="light").new_page()
    for path in INSIDE:
        check(page, f"{parley.url}/{path}")
    page = signed_in_context("admin", color_scheme="light").new_page()
    check(page, f"{parley.url}/accounts/2fa/totp/activate/")
    page.get_by_label("Password").fill(ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Set up an authenticator app")).to_be_visible()
    page.get_by_label("Code from the app").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    check_both_themes(page)


def check(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("main")).to_be_visible()
    check_both_themes(page)
