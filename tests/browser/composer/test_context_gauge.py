"""The gauge of the context window, and the summary of earlier messages."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import check_width
from tests.browser.conftest import OpenChat, Parley

SMALL = """
from chat.models import LanguageModel as M
row = M.objects.get(model_id='claude-opus-4-7', connection__kind='simulator')
row.capabilities |= {'context_management': {'supported': False}}
row.display_name, row.max_input_tokens, row.default_max_tokens, row.enabled = 'Small', 3000, 700, True
row.save()
"""
LONG = "[[scenario:long tokens=650]]"
COUNTING = "**/estimate"


@pytest.fixture(scope="module")
def small(parley: Parley) -> None:
    parley.run(SMALL)


def test_the_gauge_counts_draft_and_answers(small: None, chat: ChatPage) -> None:
    page, gauge = chat.page, chat.page.locator("#gauge")
    expect(gauge).to_be_hidden()
    chat.choose("Small")
    # A draft is estimated at once by its length, then counted: 900 letters are 300 tokens, and 4 are around them.
    held: list[Route] = []
    page.route(COUNTING, lambda route: held.append(route))  # noqa: PLW0108 - Playwright asks for a function
    chat.field.fill("x" * 900)
    expect(gauge).to_have_attribute("aria-valuetext", re.compile("^About 300 of 3,000"))
    with page.expect_response(COUNTING) as counted:
        page.unroute(COUNTING)
        while held:
            held.pop().continue_()
    assert counted.value.ok
    expect(gauge).to_have_attribute("aria-valuetext", "304 of 3,000 tokens of the context (10%)")
    expect(gauge).to_have_text("")  # below a half the ring says enough
    chat.field.fill("")
    expect(gauge).to_be_hidden()
    chat.ask(LONG)
    expect(gauge).to_have_attribute("aria-valuenow", re.compile("^2[0-9]$"))
    used = gauge.get_attribute("aria-valuetext")
    page.reload()
    chat.await_connection()
    expect(gauge).to_have_attribute("aria-valuetext", str(used))
    # From 80 % on it warns; screen readers are told too.
    chat.field.fill("x" * 6_000)
    expect(gauge).to_have_text(re.compile("9[0-9]%"))
    expect(page.locator("#gauge-warning")).to_have_text(re.compile("nearly full"))
    expect(page.locator("#gauge-warning")).to_have_attribute("role", "status")


def test_a_summary_makes_room(small: None, chat: ChatPage) -> None:
    chat.choose("Small")
    line = chat.page.locator("details.divider--summary")
    # Three or four answers fill it: it depends on how exactly the prompts were counted.
    for _ in range(5):
        if not line.count():
            chat.ask(LONG)
    expect(line).to_have_text(re.compile("Earlier messages were summarised"))
    expect(line.locator("parley-markdown")).to_be_hidden()
    line.locator("summary").focus()
    chat.page.keyboard.press("Enter")
    expect(line.locator("parley-markdown")).to_be_visible()
    check_width(chat.page)


def test_a_full_context_offers_a_summary(small: None, chat: ChatPage) -> None:
    chat.choose("Small")
    chat.ask("Hello").ask("[[scenario:context_exceeded]]")
    chat.answer.get_by_role("button", name="Summarise and retry").click()
    expect(chat.page.locator("details.divider--summary")).to_have_count(1)
    chat.await_end()


def test_a_compaction_of_the_api_is_a_line_too(parley: Parley, chat: ChatPage) -> None:
    parley.run(
        "from chat.models import LanguageModel as M; M.objects.filter(model_id='claude-sonnet-5',"
        " connection__kind='simulator').update(display_name='Middle', enabled=True, max_input_tokens=100_000,"
        " default_max_tokens=20_000)"
    )
    chat.page.reload()
    chat.await_connection()
    chat.choose("Middle")
    chat.ask("word " * 45_000)
    line = chat.answer.locator("details.divider--summary")
    expect(line).to_have_text(re.compile("Earlier messages were summarised.*Summary of", re.S))
    expect(chat.page.locator("#gauge")).to_have_attribute("aria-valuenow", re.compile("^[0-9]{1,2}$"))


def test_the_gauge_fits_a_phone_in_korean(small: None, open_chat: OpenChat) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    chat = open_chat(name="korean", **phone)
    chat.page.locator("#choice").select_option(label="Small")
    chat.field.fill("가" * 2_500)
    expect(chat.page.locator("#gauge")).to_be_visible()
    check_width(chat.page)


def test_a_json_answer_is_shown_as_a_code_block(chat: ChatPage, parley: Parley) -> None:
    parley.run(
        "from chat.models import Assistant, LanguageModel as M; Assistant.objects.get_or_create(name='Namer',"
        " defaults={'model': M.objects.get(model_id='claude-haiku-5-5', connection__kind='simulator'),"
        " 'output_schema': {'type': 'object', 'properties': {'a_b_c': {'type': 'string'}}}})"
    )
    chat.page.reload()
    chat.await_connection()
    chat.choose("Namer")
    chat.ask("*Who*")
    expect(chat.answer.locator("pre code")).to_have_text(re.compile(r'"a_b_c": "\*Who\*"'))
