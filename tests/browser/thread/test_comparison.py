"""One question to several models: their answers side by side, of which one is kept."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import LONG, ChatPage
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


ROUND = ("Judge 1", "Judge 2", "Judge 3")
SLOW = "[[scenario:long tokens=90 pace=30]] Which is better?"


def ask_several(chat: ChatPage, text: str) -> None:
    """Send a message that the judges of the round answer."""
    chat.choose(ROUND[0])
    chat.page.locator("[popovertarget=chooser]").click()
    chat.page.locator("#chooser [data-several]").click()
    for name in ROUND[1:]:
        chat.page.locator("#chooser").get_by_role("option", name=name).click()
    chat.page.keyboard.press("Escape")
    chat.send(text)


def test_a_round_goes_on_while_the_page_is_loaded_again(judges: None, open_chat: OpenChat) -> None:
    chat = open_chat()
    page = chat.page
    ask_several(chat, SLOW)
    chat.await_text()
    page.reload()
    chat.await_connection()
    expect(page.locator("#comparison .comparison__model")).to_have_text(
        [re.compile(f"^{name} · ") for name in ROUND]
    )
    # Who answered last is asked next, until another one is kept.
    expect(page.locator("#choice option:checked")).to_have_text(ROUND[-1])


def test_a_round_goes_on_without_a_page(
    judges: None, open_chat: OpenChat, second_tab: Callable[[str], ChatPage]
) -> None:
    chat = open_chat()
    ask_several(chat, SLOW)
    chat.await_text()
    path = chat.path
    chat.page.close()
    later = second_tab(path)
    expect(later.answer.locator(".versions__place")).to_have_text("3 / 3")


def test_a_stop_ends_the_round(judges: None, open_chat: OpenChat) -> None:
    chat = open_chat()
    ask_several(chat, LONG)
    chat.await_text()
    chat.stop.click()
    chat.await_end()
    expect(chat.page.locator("#choice option:checked")).to_have_text(ROUND[0])
    chat.ask("[[scenario:echo]] Only one answers this")
    expect(chat.page.locator("#comparison")).to_be_hidden()
    expect(chat.answers).to_have_count(2)


def test_a_message_that_waits_goes_on_after_the_round(judges: None, open_chat: OpenChat) -> None:
    chat = open_chat()
    ask_several(chat, SLOW)
    chat.await_text()
    chat.send("[[scenario:echo]] Only one answers this")
    expect(chat.answers).to_have_count(2)
    chat.await_end()
    expect(chat.answers.first.locator(".versions__place")).to_have_text("3 / 3")
    expect(chat.page.locator("#comparison")).to_be_hidden()


def test_a_model_that_is_gone_is_skipped_with_a_word(
    judges: None, parley: Parley, open_chat: OpenChat
) -> None:
    chat = open_chat()
    ask_several(chat, SLOW)
    chat.await_text()
    parley.run("from chat.models import Assistant as A; A.objects.filter(name='Judge 2').delete()")
    columns = chat.page.locator("#comparison .comparison__column")
    expect(columns).to_have_count(3)
    expect(columns.nth(1).locator(".comparison__model")).to_have_text("Judge 2")
    expect(columns.nth(1)).to_contain_text("Judge 2 is no longer offered to you, so it was not asked.")
    expect(columns.nth(2).locator(".comparison__model")).to_have_text(re.compile("^Judge 3 · "))
    expect(chat.page.locator("#choice option:checked")).to_have_text("Judge 3")


def test_the_comparison_opens_though_the_last_model_is_gone(
    judges: None, parley: Parley, open_chat: OpenChat
) -> None:
    chat = open_chat()
    ask_several(chat, SLOW)
    chat.await_text()
    parley.run("from chat.models import Assistant as A; A.objects.filter(name='Judge 3').delete()")
    columns = chat.page.locator("#comparison .comparison__column")
    expect(columns).to_have_count(3)
    expect(columns.last).to_contain_text("Judge 3 is no longer offered to you, so it was not asked.")
    expect(chat.page.locator("#choice option:checked")).to_have_text("Judge 2")


@pytest.mark.usefixtures("lost_connections")
def test_a_page_that_was_cut_off_finds_what_it_missed(
    judges: None, parley: Parley, open_chat: OpenChat
) -> None:
    chat = open_chat()
    ask_several(chat, SLOW)
    chat.await_text()
    chat.page.context.set_offline(True)
    ended = "from chat.models import Turn; print(Turn.objects.filter(conversation_id=%r, status='completed').count())"
    deadline = time.monotonic() + 60
    while parley.run(ended % chat.path.rpartition("/")[2]) != "3":
        assert time.monotonic() < deadline
    chat.page.context.set_offline(False)
    expect(chat.page.locator("#comparison .comparison__column")).to_have_count(3)
    expect(chat.answer.locator(".versions__place")).to_have_text("3 / 3")
    expect(chat.stop).to_be_hidden()


def check_width_of_page(page: object) -> None:
    """Assert that the page does not scroll sideways; the columns do."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # type: ignore[attr-defined]
