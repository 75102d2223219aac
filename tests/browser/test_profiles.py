"""Browser profiles that one test gives back and the next one takes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.conftest import Parley
from tests.support.chromium import Profiles, Watch


def test_a_profile_is_empty_for_the_next_test(browser: Browser, profiles: Profiles, parley: Parley) -> None:
    options = {"locale": "fr-FR"}
    first = profiles.take(options)
    page = first.new_page()
    page.goto(f"{parley.url}/accounts/login/")
    page.evaluate("localStorage.setItem('left', 'behind')")
    assert first.cookies()
    first.set_offline(True)
    profiles.give_back(options, first)
    again = profiles.take(options)
    assert again is first
    assert again.cookies() == []
    page = again.new_page()
    page.goto(f"{parley.url}/accounts/login/")
    assert page.evaluate("localStorage.getItem('left')") is None
    again.close()


def test_a_page_finds_the_scripts_of_the_test_before_in_memory(
    profiles: Profiles, parley: Parley, browser: Browser
) -> None:
    options = {"locale": "fr-CA", "no_viewport": True}
    for first in (True, False):
        context = profiles.take(options)
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        served: list[str] = []
        devtools.on(
            "Network.requestServedFromCache", lambda event, ids=served: ids.append(event["requestId"])
        )
        devtools.send("Network.enable")
        page.goto(f"{parley.url}/accounts/login/", wait_until="networkidle")
        assert bool(served) is not first
        assert page.evaluate("[innerWidth, innerHeight]") == [1280, 800]
        profiles.give_back(options, context)
    profiles.take(options).close()


@pytest.mark.parametrize("all_requests", [False, True])
def test_a_foreign_request_is_noted(
    all_requests: bool, watch: Watch, open_context: Callable[..., BrowserContext], parley: Parley
) -> None:
    watch.all_requests = all_requests
    page = open_context(bypass_csp=True).new_page()
    page.goto(f"{parley.url}/accounts/login/")
    with page.expect_event("requestfailed"):
        page.evaluate("new Image().src = 'https://evil.example/pixel'")
    assert watch.foreign == [f"{parley.url}/accounts/login/ asked for https://evil.example/pixel"]
    watch.foreign.clear()


def test_a_request_that_a_policy_refuses_is_told_apart(
    watch: Watch, open_context: Callable[..., BrowserContext], parley: Parley
) -> None:
    page = open_context().new_page()
    page.goto(f"{parley.url}/accounts/login/")
    with page.expect_event("requestfailed"):
        page.evaluate("new Image().src = 'https://evil.example/pixel'")
    assert (watch.foreign, len(watch.refused)) == ([], 1)
    watch.errors.clear()
