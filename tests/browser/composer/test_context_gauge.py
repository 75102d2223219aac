"""How full the context is, seen and heard; and the line where earlier messages were summarised."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.conftest import Parley
from tests.browser.test_comfort import Enter, check_width, opened

SMALL = """
from chat.models import LanguageModel as M
row = M.objects.get(model_id='claude-opus-4-7', connection__kind='simulator')
row.capabilities |= {'context_management': {'supported': False}}
row.display_name, row.max_input_tokens, row.default_max_tokens, row.enabled = 'Small', 3000, 700, True
row.save()
"""
LONG = "[[scenario:long tokens=650]]"


@pytest.fixture(scope="module")
def small(parley: Parley) -> None:
    parley.run(SMALL)


def test_the_gauge_follows_draft_and_answers_and_a_summary_makes_room(small: None, chat: Chat) -> None:
    page, gauge = chat.page, chat.page.locator("#gauge")
    expect(gauge).to_be_hidden()
    page.locator("#choice").select_option(label="Small")
    # A draft is counted at once by its length, and then by the provider: 900 letters are 300 tokens, and 4 around them.
    with page.expect_response("**/api/v1/count_tokens") as counted:
        chat.field.fill("x" * 900)
        expect(gauge).to_have_attribute("aria-valuetext", re.compile("^About 300 of 3,000"))
    assert counted.value.ok
    expect(gauge).to_have_attribute("aria-valuetext", "304 of 3,000 tokens of the context (10%)")
    expect(gauge).to_have_text("304 / 3K · 10%")
    chat.field.fill("")
    expect(gauge).to_be_hidden()
    chat.ask(LONG)
    expect(gauge).to_have_attribute("aria-valuenow", re.compile("^2[0-9]$"))
    used = gauge.get_attribute("aria-valuetext")
    page.reload()
    chat.await_line()
    expect(gauge).to_have_attribute("aria-valuetext", str(used))
    # From 80 % on it warns, also those who only hear it.
    chat.field.fill("x" * 6_000)
    expect(page.locator("#gauge-warning")).to_have_text(re.compile("nearly full"))
    expect(page.locator("#gauge-warning")).to_have_attribute("role", "status")
    chat.field.fill("")
    line = page.locator("details.divider--summary")
    # Two or three more answers fill it, by how exactly the prompts could be counted in between.
    for _ in range(4):
        if not line.count():
            chat.ask(LONG)
    expect(line).to_have_text(re.compile("Earlier messages were summarised"))
    expect(line.locator("parley-markdown")).to_be_hidden()
    line.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(line.locator("parley-markdown")).to_be_visible()
    check_width(page)


def test_a_full_context_offers_a_summary(small: None, chat: Chat) -> None:
    chat.page.locator("#choice").select_option(label="Small")
    chat.ask("Hello").ask("[[scenario:context_exceeded]]")
    chat.answer.get_by_role("button", name="Summarise and retry").click()
    expect(chat.page.locator("details.divider--summary")).to_have_count(1)
    chat.await_end()


def test_the_apis_summary_is_a_line_too(parley: Parley, chat: Chat) -> None:
    parley.run(
        "from chat.models import LanguageModel as M; M.objects.filter(model_id='claude-sonnet-5',"
        " connection__kind='simulator').update(display_name='Middle', enabled=True, max_input_tokens=100_000,"
        " default_max_tokens=20_000)"
    )
    chat.page.reload()
    chat.await_line()
    chat.page.locator("#choice").select_option(label="Middle")
    chat.ask("word " * 45_000)
    line = chat.answer.locator("details.divider--summary")
    expect(line).to_have_text(re.compile("Earlier messages were summarised.*Summary of", re.S))
    expect(chat.page.locator("#gauge")).to_have_attribute("aria-valuenow", re.compile("^[0-9]{1,2}$"))


def test_on_a_phone_and_in_korean(small: None, enter: Enter, parley: Parley) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    chat = opened(enter, parley, name="korean", **phone)
    chat.page.locator("#choice").select_option(label="Small")
    chat.field.fill("가" * 2_500)
    expect(chat.page.locator("#gauge")).to_be_visible()
    check_width(chat.page)


def test_json_is_shown_as_json(chat: Chat, parley: Parley) -> None:
    parley.run(
        "from chat.models import Assistant, LanguageModel as M; Assistant.objects.get_or_create(name='Namer',"
        " defaults={'model': M.objects.get(model_id='claude-haiku-5-5', connection__kind='simulator'),"
        " 'output_schema': {'type': 'object', 'properties': {'a_b_c': {'type': 'string'}}}})"
    )
    chat.page.reload()
    chat.await_line()
    chat.page.locator("#choice").select_option(label="Namer")
    chat.ask("*Who*")
    expect(chat.answer.locator("pre code")).to_have_text(re.compile(r'"a_b_c": "\*Who\*"'))
