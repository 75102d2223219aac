"""The charts of the usage page with the keyboard: one stop for each, arrows between its bars, and their figures."""

from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, expect

from tests.browser.checks import PHONE, check_accessible, check_both_themes, check_touch_targets, check_width
from tests.browser.conftest import OpenChat

# Presses a key and returns whether the page has taken it from the browser.
PRESS = """(bar, keys) => !bar.dispatchEvent(
  new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...keys })
)"""


def box(locator: Locator) -> FloatRect:
    found = locator.bounding_box()
    assert found
    return found


@pytest.mark.parametrize(
    ("name", "options"),
    [("insider", {}), ("korean", PHONE)],
    ids=["1440 px, English", "390 px, Korean"],
)
def test_bars_are_reached_and_read(open_chat: OpenChat, name: str, options: dict[str, Any]) -> None:
    chat = open_chat(name=name, locale="ko" if name == "korean" else "en", **options)
    page = chat.page
    chat.ask("[[scenario:echo]] Hello")
    page.goto(f"{chat.url}/usage")
    chart = page.locator(".chart").first
    bars, told = chart.locator("[data-bar]"), chart.locator("[data-told]")
    expect(bars).to_have_count(30)
    expect(chart.locator("[data-bar][tabindex='0']")).to_have_count(1)
    page.locator(".usage__ranges a").last.focus()
    page.keyboard.press("Tab")
    expect(bars.last).to_be_focused()
    expect(told).to_contain_text("claude")
    assert bars.last.get_attribute("aria-label") == told.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(bars.nth(28)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(bars.last).to_be_focused()
    assert box(told)["x"] + box(told)["width"] <= box(bars.last)["x"] + 1, "left of the last bar"
    page.keyboard.press("Home")
    expect(bars.first).to_be_focused()
    expect(told).to_be_in_viewport(ratio=1)
    assert box(told)["x"] >= box(bars.first)["x"] + box(bars.first)["width"] - 1, "right of the first bar"
    page.keyboard.press("End")
    expect(bars.last).to_be_focused()
    # Shortcuts of the browser are left to it; the page itself does not scroll.
    for keys, is_taken in (({"shiftKey": True}, False), ({"ctrlKey": True}, False), ({}, True)):
        assert bars.last.evaluate(PRESS, {"key": "Home", **keys}) is is_taken
        expect(bars.first if is_taken else bars.last).to_be_focused()
    page.keyboard.press("Escape")
    expect(told).to_be_hidden()
    check_width(page)
    check_accessible(page)
    page.keyboard.press("Tab")
    expect(chart.locator("summary")).to_be_focused()
    expect(told).to_be_hidden()
    page.keyboard.press("Shift+Tab")
    expect(bars.first).to_be_focused()
    if options:
        check_touch_targets(page)
    check_both_themes(page)
