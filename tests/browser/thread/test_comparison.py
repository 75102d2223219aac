"""One question to several models: their answers side by side, of which one is kept."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_accessible, check_both_themes, check_touch_targets, check_width
from tests.browser.conftest import OpenChat, Parley


@pytest.mark.parametrize(("name", "options"), [("insider", {}), ("korean", PHONE)])
def test_answers_are_compared_and_one_is_kept(
    open_chat: OpenChat, name: str, options: dict[str, object]
) -> None:
    chat = open_chat(name=name, **options)
    page, dialog = chat.page, chat.page.locator("#comparison")
    chosen = page.locator("#choice").input_value()
    chat.ask("[[scenario:echo]] Which is better?")
    chat.answer.locator("[data-retry-menu]").click()
    page.locator("[data-compare-models]").click()
    page.get_by_role("menuitem", name="Echo", exact=True).click()
    # The comparison opens by itself when the other model has answered.
    columns = dialog.locator(".comparison__column")
    expect(columns).to_have_count(2)
    check_width_of_page(page)
    check_both_themes(page)
    columns.first.locator("[data-keep]").click()
    expect(dialog).to_be_hidden()
    expect(chat.answer.locator(".versions__place")).to_have_text("1 / 2")
    expect(page.locator("#choice")).to_have_value(chosen)
    if options:
        check_touch_targets(page)
    else:
        expect(chat.field).to_be_focused()
    # Later it is opened beside the versions, and closed without a choice.
    chat.answer.locator("[data-compare]").click()
    expect(columns).to_have_count(2)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    check_width(page)
    check_accessible(page)


@pytest.fixture
def judges(parley: Parley) -> Iterator[None]:
    """So many assistants that they are chosen from a list."""
    for number in range(9):
        parley.run(
            "from chat.models import Assistant, LanguageModel as M; Assistant.objects.get_or_create("
            f"name='Judge {number}', defaults={{'model': M.objects.get(model_id='claude-haiku-5-5',"
            " connection__kind='simulator')})"
        )
    yield
    parley.run("from chat.models import Assistant as A; A.objects.filter(name__startswith='Judge').delete()")


def test_two_are_asked_at_once_from_the_list(judges: None, open_chat: OpenChat) -> None:
    chat = open_chat()
    page, box = chat.page, chat.page.locator("#chooser")
    chat.choose("Judge 1")
    page.locator("[popovertarget=chooser]").click()
    box.locator("[data-several]").click()
    for name in ("Judge 2", "Judge 3", "Judge 4"):
        box.get_by_role("option", name=name).click()
    # Three at most; one more click takes one out again.
    expect(page.locator("[data-chosen]")).to_have_text("Judge 1 + Judge 2 + Judge 3")
    box.get_by_role("option", name="Judge 3").click()
    check_accessible(page)
    page.keyboard.press("Escape")
    chat.send("[[scenario:echo]] Which is better?")
    headings = page.locator("#comparison .comparison__model")
    expect(headings).to_have_text([re.compile("^Judge 1 · "), re.compile("^Judge 2 · ")])
    page.keyboard.press("Escape")
    chat.ask("[[scenario:echo]] Only one answers this")
    expect(page.locator("#comparison")).to_be_hidden()
    expect(chat.answers).to_have_count(2)


def check_width_of_page(page: object) -> None:
    """Assert that the page does not scroll sideways; the columns do."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # type: ignore[attr-defined]
