"""The offline page: there without a server, in the person's language, and nothing else is ever kept.

What others kept by mistake: sign-in pages and one-time codes (elizaOS #14391, hermes-webui #1586), pages of before a
deployment (OmniRoute #11779) and of before signing out (offline-plugin #338, Azure static-web-apps #474).
"""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.checks import check_both_themes, check_width
from tests.browser.conftest import OpenChat, Parley
from tests.browser.shell.views import DESK, KOREAN_PHONE
from tests.support.chromium import await_address

pytestmark = pytest.mark.usefixtures("network_log")

WITH_WORKER = {"service_workers": "allow"}
READY = (
    "async () => { await navigator.serviceWorker.ready; return Boolean(navigator.serviceWorker.controller) }"
)
KEPT = """async () => {
  const kept = [];
  for (const name of await caches.keys())
    for (const { url } of await (await caches.open(name)).keys()) kept.push(new URL(url).pathname);
  return kept.sort();
}"""
REMOVED = (
    "async () => !(await navigator.serviceWorker.getRegistrations()).length && !(await caches.keys()).length"
)


def await_worker(page: Page) -> None:
    page.wait_for_function(READY)


def test_without_a_server_the_page_says_so(open_chat: OpenChat, parley: Parley) -> None:
    chat = open_chat(**DESK, **WITH_WORKER).ask("[[scenario:echo]] Kept nowhere")
    page, path = chat.page, chat.path
    await_worker(page)
    page.context.set_offline(True)
    page.goto(parley.url + path)
    expect(page.get_by_role("heading", name="Parley can’t be reached")).to_be_visible()
    check_width(page)
    check_both_themes(page)
    kept = page.evaluate(KEPT)
    assert "/offline" in kept
    assert all(one == "/offline" or one.startswith("/static/") for one in kept), kept
    page.context.set_offline(False)
    chat.await_connection()
    assert chat.path == path, "it loads again by itself"


def test_the_language_follows_and_signing_out_removes_all(open_chat: OpenChat, parley: Parley) -> None:
    key = parley.open_session("insider")
    chat = open_chat(**KOREAN_PHONE, **WITH_WORKER)
    page = chat.page
    page.context.add_cookies([{"name": "parley_session", "value": key, "url": parley.url}])
    chat.open("/")
    await_worker(page)
    page.context.set_offline(True)
    page.goto(f"{parley.url}/c/00000000-0000-7000-8000-000000000000")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator(".card__title")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("script[src*=reload_online]")).to_have_count(0)  # it has loaded again by itself
    page.goto(f"{parley.url}/?after=offline")
    page.locator("[data-sign-out]").evaluate("form => form.requestSubmit()")
    await_address(page, "**/accounts/login/**")
    page.wait_for_function(REMOVED)
