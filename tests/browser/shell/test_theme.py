"""The choice of the theme."""

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.conftest import OpenChat


def test_the_theme_is_applied_before_the_first_paint(chat: ChatPage) -> None:
    chat.page.get_by_role("button", name="Settings").click()
    chat.page.get_by_role("radio", name="Dark").check()
    dark = "getComputedStyle(document.documentElement).colorScheme"
    assert chat.page.evaluate(dark) == "dark"
    chat.page.add_init_script(
        "new PerformanceObserver((list) => { for (const entry of list.getEntries())"
        " if (entry.name === 'first-paint') window.firstScheme = document.documentElement.dataset.theme; })"
        ".observe({ type: 'paint', buffered: true });"
    )
    chat.page.reload()
    chat.page.wait_for_function("() => window.firstScheme !== undefined")
    assert chat.page.evaluate("window.firstScheme") == "dark"
    chat.page.get_by_role("button", name="Settings").click()
    expect(chat.page.get_by_role("radio", name="Dark")).to_be_checked()


def test_choices_are_visible_in_high_contrast(open_chat: OpenChat) -> None:
    chat = open_chat(forced_colors="active")
    chat.ask("[[scenario:echo]] Which row is this?")
    page = chat.page
    page.get_by_role("button", name="Settings").click()

    def background(selector: str) -> str:
        found = page.locator(selector).first
        return str(found.evaluate("node => getComputedStyle(node).backgroundColor"))

    highlight = background(".conversation--current")
    assert highlight != background("body")
    assert background("[data-theme-choice] :checked + span") == highlight
    assert background("[data-theme-choice] input:not(:checked) + span") != highlight
    assert background(".segments__row button[aria-current]") == highlight
    ring = page.locator(".gauge__ring").evaluate("node => getComputedStyle(node).backgroundImage")
    assert "conic-gradient" in ring
