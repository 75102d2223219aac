"""The choice of the theme."""

from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage


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
