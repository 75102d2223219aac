"""The admin's forms in a browser: fields that follow a choice, the prompt editor, errors, secrets, keys."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.admin.staff_page import sign_in
from tests.browser.checks import PHONE, check_both_themes
from tests.support.chromium import await_address
from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server


def test_fields_follow_the_chosen_kind(server: Server, page: Page) -> None:
    sign_in(page, server, "chat/tooldefinition/add/")
    expect(page.get_by_label("Signing secret")).to_be_visible()
    expect(page.get_by_label("Provider’s definition")).to_be_hidden()
    page.get_by_label("Kind").select_option("server")
    expect(page.get_by_label("Provider’s definition")).to_be_visible()
    for label in ("Signing secret", "Address", "Description", "Time limit (seconds)"):
        expect(page.get_by_label(label)).to_be_hidden()
    page.goto(f"{server.url}/admin/chat/mcpserver/add/")
    expect(page.get_by_label("Token", exact=True)).to_be_hidden()
    page.get_by_label("Sign-in").select_option("bearer")
    expect(page.get_by_label("Token", exact=True)).to_be_visible()
    page.goto(f"{server.url}/admin/chat/assistant/add/")
    groups = page.locator(".field-audience_groups")
    expect(groups).to_be_hidden()
    page.get_by_label("Available to everyone").uncheck()
    expect(groups).to_be_visible()
    page.goto(f"{server.url}/admin/chat/user/add/")
    expect(page.get_by_label("Password confirmation")).to_be_hidden()
    page.get_by_label("Set a password now").check()
    expect(page.get_by_label("Password confirmation")).to_be_visible()


def test_a_budget_has_one_target_and_marked_errors(server: Server, page: Page) -> None:
    sign_in(page, server, "chat/budget/add/")
    page.get_by_label("Name").fill("Everyone")
    page.get_by_label("Applies to").select_option("group")
    expect(page.locator(".field-group")).to_be_visible()
    for other in ("person", "assistant", "api_key"):
        expect(page.locator(f".field-{other}")).to_be_hidden()
    page.get_by_label("Applies to").select_option("everybody")
    page.get_by_label("Limit (USD)").fill("5")
    page.get_by_label("Warn from (USD)").fill("6")
    # Django's own script, which puts the focus in the first field of a new form, may arrive last.
    late: list[Route] = []
    page.route("**/admin/js/change_form*", lambda route: late.append(route))  # noqa: PLW0108 - Playwright reads its signature
    page.get_by_role("button", name="Save", exact=True).click()
    field = page.get_by_label("Warn from (USD)")
    expect(page.locator(".field-soft_limit_usd")).to_contain_text("must not be above the limit")
    expect(field).to_be_focused()
    for route in late:
        route.continue_()
    page.wait_for_load_state("load")
    expect(field).to_be_focused()
    bar, box = page.locator("#submit-row").bounding_box(), field.bounding_box()
    assert bar is not None
    assert box is not None
    assert box["y"] + box["height"] < bar["y"], "the bar does not cover it"
    field.fill("4")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was added successfully")).to_be_visible()


def test_the_prompt_editor_adds_and_removes_blocks(server: Server, page: Page) -> None:
    sign_in(page, server, "chat/systemprompt/add/")
    first = page.get_by_label("Block 1", exact=True)
    assert (first.bounding_box() or {"height": 0})["height"] > 250
    page.get_by_label("Name").fill("Editor")
    first.fill("x" * 300)
    expect(page.locator(".prompt-block__count")).to_have_text("≈ 100 tokens up to here")
    add = page.get_by_role("button", name="Add block")
    add.click()
    page.get_by_label("Block 2", exact=True).fill("second")
    add.click()
    page.get_by_label("Block 3", exact=True).fill("third")
    page.get_by_role("button", name="Remove block").nth(1).click()
    expect(page.get_by_label("Block 2", exact=True)).to_have_value("third")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_label("Block 2", exact=True)).to_have_value("third")
    expect(page.get_by_label("Block 3", exact=True)).not_to_be_attached()
    page.get_by_role("link", name="Count tokens").click()
    expect(page.get_by_text("The tokens of the prompt were counted.")).to_be_visible()


@pytest.mark.parametrize("allowed", [True, False])
def test_a_new_key_can_be_copied(
    server: Server, open_context: Callable[..., BrowserContext], allowed: bool
) -> None:
    context = open_context(permissions=["clipboard-read", "clipboard-write"] if allowed else [])
    page = context.new_page()
    if not allowed:  # as on a page without https
        page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    sign_in(page, server, "chat/apikey/add/")
    page.locator("#id_user").select_option(index=1)
    page.get_by_label("Name").fill("Copied" if allowed else "Selected")
    page.locator("[name=scopes]").first.check()
    page.get_by_role("button", name="Save", exact=True).click()
    secret = page.locator("#secret").inner_text()
    assert f"PARLEY_KEY='{secret}'" in page.locator("pre").inner_text()
    assert f"{server.url}/api/v1/me" in page.locator("pre").inner_text()
    page.get_by_role("button", name="Copy").click()
    if allowed:
        expect(page.get_by_role("status")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == secret
    else:
        expect(page.get_by_role("status")).to_contain_text("blocked copying")
        assert page.evaluate("String(getSelection())").strip() == secret
    page.get_by_role("link", name="I have stored it").click()
    await_address(page, f"{server.url}/admin/chat/apikey/")


def test_the_theme_obeys_the_keyboard(server: Server, page: Page) -> None:
    sign_in(page, server, "chat/languagemodel/")
    filters = page.get_by_role("button", name="Filters")
    filters.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#changelist-filter")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#changelist-filter")).to_be_hidden()
    page.get_by_role("button", name="Show or hide the menu").first.focus()
    page.keyboard.press(" ")
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    page.keyboard.press(" ")
    diagnostics = page.get_by_role("button", name="Diagnostics")
    expect(diagnostics).to_have_attribute("aria-expanded", "false")
    diagnostics.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Turn events", exact=True)).to_be_visible()
    expect(diagnostics).to_have_attribute("aria-expanded", "true")
    switch = page.get_by_label("Enabled: Claude Sonnet 5.5 (simulated)")
    expect(switch).to_be_checked()


def test_one_theme_holds_in_chat_and_admin(
    server: Server, open_context: Callable[..., BrowserContext]
) -> None:
    context = open_context(color_scheme="light", timezone_id="Asia/Seoul")
    admin = context.new_page()
    sign_in(admin, server, "", by_form=True)
    expect(admin.get_by_text("Asia/Seoul")).to_be_visible()
    chat = context.new_page()
    chat.goto(f"{server.url}/")
    chat.get_by_role("button", name="Settings").click()
    chat.get_by_role("radio", name="Dark").check()
    expect(admin.locator("html")).to_have_class("dark")
    admin.reload()
    expect(admin.locator("html")).to_have_class("dark")
    admin.get_by_role("button", name=ADMIN_EMAIL).click()
    admin.get_by_role("button", name="Light").click()
    expect(admin.locator("html")).to_have_class("light")
    expect(chat.locator("html")).to_have_attribute("data-theme", "light")
    expect(chat.get_by_role("radio", name="Light")).to_be_checked()
    admin.get_by_role("button", name="System").click()
    chat.reload()
    assert chat.evaluate("document.documentElement.dataset.theme") is None


def test_overlays_take_and_return_the_focus(server: Server, page: Page) -> None:
    sign_in(page, server, "chat/providerconnection/")
    page.get_by_role("link", name="Simulator").first.click()
    test = page.get_by_role("link", name="Test", exact=True)
    test.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Test this connection?")).to_be_visible()
    expect(page.get_by_role("button", name="Test now")).to_be_focused()
    for key in ("Tab", "Tab", "Shift+Tab", "Shift+Tab", "Shift+Tab"):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.closest('[role=dialog]') !== null"), "it stays inside"
    page.keyboard.press("Escape")
    expect(test).to_be_focused()
    overlays = (
        ("chat/languagemodel/", "Filters", "#changelist-filter"),
        ("chat/apikey/", ADMIN_EMAIL, "[x-show=openUserLinks]"),
        ("chat/providerconnection/", "Actions", "body > nav >> nth=0"),
    )
    for path, name, place in overlays:
        opener, overlay = page.get_by_role("button", name=name).first, page.locator(place)
        page.goto(f"{server.url}/admin/{path}")
        opener.focus()
        page.keyboard.press("Enter")
        expect(overlay.locator(":focus")).to_be_attached()
        page.keyboard.press("Escape")
        expect(overlay).to_be_hidden()
        expect(opener).to_be_focused()
    switch = page.locator("#result_list .field-enabled input").first
    page.locator("#result_list .field-order input").first.focus()
    page.keyboard.press("Tab")
    expect(switch).to_be_focused()
    assert switch.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"


PAGES = [
    "",
    "chat/languagemodel/",
    "chat/assistant/add/",
    "chat/apicall/",
    "chat/mcpserver/",
    "chat/providerconnection/add/",
    "auth/group/add/",
    "chat/modelprice/add/",
    "chat/user/add/",
]


@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_pages_of_staff_are_accessible(
    server: Server, open_context: Callable[..., BrowserContext], size: dict[str, Any]
) -> None:
    page = open_context(color_scheme="light", **size).new_page()
    sign_in(page, server, "")
    model = (
        "chat/languagemodel/"
        + server.shell(
            "from chat.models import LanguageModel; print(LanguageModel.objects.first().pk)"
        ).strip()
    )
    changes = [f"{model}/{view}/" for view in ("change", "history", "delete")]
    # A phone shows the same pages in another arrangement.
    for path in ["", "chat/languagemodel/", *changes] if size else [*PAGES, *changes]:
        page.goto(f"{server.url}/admin/{path}")
        expect(page.get_by_role("main")).to_be_visible()
        check_both_themes(page)
    page.goto(f"{server.url}/admin/chat/budget/add/")
    page.locator("#content form").first.evaluate("form => form.setAttribute('novalidate', '')")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    check_both_themes(page)


def test_pages_of_staff_fit_a_phone(server: Server, open_context: Callable[..., BrowserContext]) -> None:
    page = open_context(viewport={"width": 390, "height": 844}, locale="ko-KR").new_page()
    sign_in_phone(page, server)
    for path in [*PAGES, "chat/systemprompt/add/", "chat/user/add/", "chat/workspace/"]:
        page.goto(f"{server.url}/admin/{path}")
        expect(page.get_by_role("main")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def sign_in_phone(page: Page, server: Server) -> None:
    """Sign in on a Korean page."""
    page.goto(f"{server.url}/admin/")
    page.locator("[name=login]").fill(ADMIN_EMAIL)
    page.locator("[name=password]").fill(ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    await_address(page, f"{server.url}/admin/")
