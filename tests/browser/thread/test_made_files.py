"""Files that an answer made stand below its steps: pictures to look at in the viewer, all to download."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_both_themes, check_width
from tests.browser.conftest import OpenChat, Parley

pytestmark = pytest.mark.usefixtures("network_log")


@pytest.mark.parametrize(
    ("language", "options"), [("en", {}), ("ko", PHONE)], ids=["1440 px, English", "390 px, Korean"]
)
def test_files_of_an_answer_are_shown_and_saved(
    open_chat: OpenChat, language: str, options: dict[str, Any]
) -> None:
    chat = open_chat(name="korean" if language == "ko" else "insider", locale=language, **options)
    page = chat.page
    chat.ask("[[scenario:code_execution files=chart,table,hostile,gone]] Draw")
    cards = chat.answer.locator("[data-made-file]")
    expect(cards).to_have_count(4)
    cards.nth(0).scroll_into_view_if_needed()  # cards are filled when they are seen
    expect(cards.nth(0)).to_contain_text("chart.png")
    expect(cards.nth(1)).to_contain_text("numbers.csv")
    expect(cards.nth(3).locator(".file--problem")).to_be_visible()
    with page.expect_download() as saved:
        cards.nth(1).locator("a").click()
    assert saved.value.suggested_filename == "numbers.csv"
    check_width(page)
    if options:
        small = page.locator(".files--made a").evaluate_all(
            "links => links.map((link) => link.getBoundingClientRect()).filter(({ height }) => height < 43.5)"
        )
        assert small == []
    cards.nth(0).locator("[data-picture]").click()
    viewer = page.locator("#picture")
    expect(viewer.locator("img")).to_be_visible()
    assert viewer.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    assert page.evaluate("window.hit") is None
    check_both_themes(page)


def test_a_file_that_is_gone_since_says_why(open_chat: OpenChat, parley: Parley) -> None:
    chat = open_chat()
    chat.ask("[[scenario:code_execution files=table]] Count")
    card = chat.answer.locator("[data-made-file]")
    card.scroll_into_view_if_needed()
    link = card.get_by_role("link", name="numbers.csv")
    expect(link).to_be_visible()
    # As when staff delete the connection.
    parley.run(
        "from chat.models import ApiCall\n"
        f"ApiCall.objects.filter(turn__conversation={chat.path.rpartition('/')[2]!r}).update(connection=None)"
    )
    chat.keep_toasts()
    link.press("Enter")
    expect(chat.page.locator("#toast")).to_contain_text("This file can’t be fetched")
    expect(link).to_be_focused()
