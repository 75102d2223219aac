"""The choice of the theme."""

from playwright.sync_api import Page, expect

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

    def style(selector: str, name: str) -> str:
        found = page.locator(selector).first
        return str(found.evaluate("(node, name) => getComputedStyle(node)[name]", name))

    highlight, text = system_color(page, "Highlight"), system_color(page, "CanvasText")
    assert highlight != system_color(page, "Canvas")
    assert style(".conversation--current", "backgroundColor") == highlight
    assert style("[data-theme-choice] :checked + span", "backgroundColor") == highlight
    assert style("[data-theme-choice] input:not(:checked) + span", "backgroundColor") != highlight
    assert style(".segments__row button[aria-current]", "backgroundColor") == highlight
    assert style(".conversation--current a", "color") == system_color(page, "HighlightText")
    assert f"conic-gradient({text}" in style(".gauge__ring", "backgroundImage")
    assert style(".message__bubble", "border").startswith("1px solid")
    page.keyboard.press("Escape")
    page.locator(".conversation--current a").press("ArrowRight")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    # Styles change one frame after the focus: with reduced motion a transition still takes a moment.
    expect(page.locator(".menu [role=menuitem]:focus")).to_have_css("border-top-width", "1px")


def system_color(page: Page, name: str) -> str:
    """Return a colour of the system as pages read it."""
    return str(
        page.evaluate(
            """name => {
              const probe = document.createElement("i");
              probe.style.cssText = `forced-color-adjust: none; color: ${name}`;
              document.body.append(probe);
              const { color } = getComputedStyle(probe);
              probe.remove();
              return color;
            }""",
            name,
        )
    )
