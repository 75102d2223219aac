"""Browser profiles that one test gives back and the next one takes."""

from playwright.sync_api import Browser

from tests.browser.conftest import Parley
from tests.support.chromium import Profiles


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
