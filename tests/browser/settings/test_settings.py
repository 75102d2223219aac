"""The settings: what is chosen there is seen at once, everywhere, and in another browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_accessible, check_touch_targets, check_width
from tests.browser.conftest import OpenContext, Parley

PAGES = ("settings/", "settings/memory", "settings/keys", "settings/servers", "settings/data", "usage")
WORDS = {
    "insider": ("dark", "Dark", "Large", "Save", "Ctrl+Enter", "New entry", "Add", "Likes tea", "As a table"),
    "korean": ("light", "밝게", "크게", "저장", "Ctrl+Enter", "새 항목", "추가", "차를 좋아함", "표로 보기"),
}


@pytest.mark.parametrize(
    ("name", "size"),
    [("insider", {"viewport": {"width": 1440, "height": 900}}), ("korean", PHONE)],
    ids=["wide", "phone"],
)
def test_choices_follow_the_person(
    parley: Parley, signed_in_context: OpenContext, name: str, size: dict[str, Any]
) -> None:
    theme, theme_name, large, save, send_key, new_entry, add, note, as_table = WORDS[name]
    page = signed_in_context(name, **size).new_page()
    root = page.locator("html")
    page.goto(f"{parley.url}/settings/")
    page.get_by_label(theme_name, exact=True).check()
    expect(root).to_have_attribute("data-theme", theme)
    page.get_by_label(large, exact=True).focus()
    page.keyboard.press("Space")
    expect(root).to_have_attribute("data-text-size", "large")
    page.get_by_label(re.compile(f"^{re.escape(send_key)}")).check()
    page.locator("[name=time_zone]").fill("seoul")
    page.get_by_role("button", name=save).press("Enter")
    expect(page.get_by_role("status").first).to_be_visible()
    expect(page.locator("[name=time_zone]")).to_have_value("Asia/Seoul")
    for path in PAGES:
        page.goto(f"{parley.url}/{path}")
        expect(page.locator(".settings__nav [aria-current=page]")).to_be_in_viewport()
        check_accessible(page)
        check_width(page)
        if size is PHONE:
            check_touch_targets(page)
    page.goto(f"{parley.url}/settings/memory")
    page.get_by_label(new_entry).fill(note)
    page.get_by_role("button", name=add).click()
    expect(page.locator(".memory__text")).to_have_text(note)

    other = signed_in_context(name, **size).new_page()
    other.goto(parley.url)
    expect(other.locator("html[data-connection=open]")).to_be_attached()
    expect(other.locator("html")).to_have_attribute("data-theme", theme)
    assert other.evaluate("localStorage.getItem('parley.theme')") == theme, "for the sign-in page"
    field = other.locator("#message")
    field.fill("[[scenario:echo]] Hello")
    field.press("Enter")
    expect(field).to_have_value("[[scenario:echo]] Hello\n")
    field.press("Control+Enter")
    expect(other.locator("[data-footer]")).to_be_visible()
    page.goto(f"{parley.url}/usage")
    page.get_by_text(as_table).first.click()
    expect(page.locator(".chart__table").first).to_be_visible()
    check_accessible(page)
    # As before, for the tests that share this person.
    page.goto(f"{parley.url}/settings/")
    page.evaluate("for (const input of document.querySelectorAll('[value=\"\"]')) input.checked = true")
    page.locator("[name=time_zone]").fill("")
    page.get_by_role("button", name=save).click()
    expect(page.locator("html:not([data-theme])")).to_be_attached()


def test_the_browser_is_asked_only_after_a_press(parley: Parley, signed_in_context: OpenContext) -> None:
    page = signed_in_context().new_page()
    page.add_init_script(
        """window.asked = 0;
        window.Notification = class {
          static permission = sessionStorage.getItem("granted") ? "granted" : "default";
          static async requestPermission() {
            window.asked += 1;
            sessionStorage.setItem("granted", "1");
            return (this.permission = "granted");
          }
        };"""
    )
    page.goto(f"{parley.url}/settings/")
    on = page.get_by_role("button", name="Switch notifications on")
    expect(on).to_be_visible()
    assert page.evaluate("window.asked") == 0
    on.click()
    expect(page.get_by_role("button", name="Switch notifications off")).to_be_visible()
    assert page.evaluate("[window.asked, localStorage.getItem('parley.notifications')]") == [1, "1"]
    page.reload()
    page.get_by_role("button", name="Switch notifications off").click()
    expect(on).to_be_visible()
    assert page.evaluate("localStorage.getItem('parley.notifications')") is None
