"""Who answers and how: a searchable list of models, effort, tools, and the price of what is about to be sent."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_accessible, check_both_themes, check_touch_targets, check_width
from tests.browser.conftest import OpenChat, Parley

SETUP = """
from chat.models import *
model = LanguageModel.objects.get(model_id='claude-haiku-5-5', connection__kind='simulator')
handy, made = Assistant.objects.get_or_create(name='Handy', defaults={'model': model, 'description': 'With tools'})
for name in ('calculate', 'date_and_time'):
    AssistantTool.objects.get_or_create(assistant=handy, tool=ToolDefinition.objects.get(name=name))
for number in range(9):
    Assistant.objects.get_or_create(name=f'Helper {number}', defaults={'model': model, 'description': 'Über alles'})
"""


@pytest.fixture(scope="module")
def handy(parley: Parley) -> Iterator[None]:
    """An assistant with tools among so many that the list has a search."""
    parley.run(f"exec({SETUP!r})")
    yield
    parley.run("from chat.models import Assistant as A; A.objects.filter(name__startswith='Helper').delete()")


@pytest.mark.parametrize(("name", "options"), [("insider", {}), ("korean", PHONE)])
def test_a_choice_is_found_and_its_effort_and_tools_are_kept(
    handy: None, parley: Parley, open_chat: OpenChat, name: str, options: dict[str, object]
) -> None:
    chat = open_chat(name=name, **options)
    page, box = chat.page, chat.page.locator("#chooser")
    page.locator("[popovertarget=chooser]").click()
    search = box.get_by_role("combobox")
    expect(search).to_be_focused()
    check_width(page)
    check_both_themes(page)
    page.keyboard.type("uber 3")
    expect(box.get_by_role("option")).to_have_count(1)
    search.fill("nothing like it")
    expect(box.locator("[data-none]")).to_be_visible()
    search.fill("handy")
    if options:
        check_touch_targets(page)
        box.get_by_role("option").tap()
    else:
        page.keyboard.press("Enter")
    expect(page.locator("[data-chosen]")).to_have_text("Handy")
    page.locator("#effort").select_option("low")
    page.locator("[data-tool-button]").click()
    tools = page.locator("#tool-choice [type=checkbox]")
    expect(tools).to_have_count(2)
    tools.first.uncheck()
    check_width(page)
    check_accessible(page)
    page.keyboard.press("Escape")
    expect(page.locator("[data-tools-off]")).to_be_visible()
    chat.ask("[[scenario:echo]] Hello")
    frame = parley.run(
        "from chat.models import Turn; turn = Turn.objects.latest('created_at');"
        " print(turn.frame.body['output_config']['effort'], [tool['name'] for tool in turn.frame.body['tools']])"
    )
    assert re.fullmatch(r"low \['(calculate|date_and_time)'\]", frame)
    page.reload()
    chat.await_connection()
    expect(page.locator("#effort")).to_have_value("low")
    expect(page.locator("[data-tools-off]")).to_be_visible()


def test_a_retry_asks_with_another_effort(handy: None, parley: Parley, open_chat: OpenChat) -> None:
    chat = open_chat()
    chat.choose("Handy")
    chat.ask("[[scenario:echo]] Hello")
    chat.answer.get_by_role("button", name="Retry").click()
    chat.page.get_by_role("menuitem", name="With another effort").press("ArrowRight")
    chat.page.keyboard.press("ArrowDown")
    chat.page.keyboard.press("ArrowLeft")
    expect(chat.page.get_by_role("menuitem", name="With another effort")).to_be_focused()
    chat.page.keyboard.press("ArrowRight")
    chat.page.get_by_role("menuitem", name="High effort", exact=True).click()
    expect(chat.answer.locator(".versions__place")).to_have_text("2 / 2")
    chat.await_end()
    expect(chat.page.locator("#effort")).to_have_value("high")
    effort = (
        "from chat.models import Turn; print(Turn.objects.latest('created_at').frame.body['output_config'])"
    )
    assert "high" in parley.run(effort)


def test_the_price_of_a_draft_stands_below_it(handy: None, open_chat: OpenChat) -> None:
    chat = open_chat()
    note = chat.page.locator("#send-note")
    always = note.text_content()
    chat.field.fill("word " * 2000)
    expect(note).to_have_text(re.compile(r"^≈ [\d,]+ tokens · about (\$0\.\d\d|< 1¢) to send$"))
    chat.field.fill("")
    expect(note).to_have_text(str(always))


WEB_PAGE = "```html\n<!doctype html>\n<title>Page</title>\n" + "<p>Hello</p>\n" * 20 + "```"
IS_WHOLE = "name => name.scrollWidth <= name.clientWidth"
HIDE = """
import json
from chat.models import Assistant, LanguageModel
rows = {
    "Assistant": Assistant.objects.filter(enabled=True),
    "LanguageModel": LanguageModel.objects.filter(enabled=True).exclude(display_name__contains="5.5 (simulated)"),
}
found = {table: [str(one.id) for one in those] for table, those in rows.items()}
for those in rows.values():
    those.update(enabled=False)
print(json.dumps(found))
"""
LINES = "name => Math.round(name.clientHeight / parseFloat(getComputedStyle(name).lineHeight))"


@pytest.fixture
def few(parley: Parley) -> Iterator[None]:
    """So few models that they are chosen from a select, and no assistant."""
    hidden = json.loads(parley.run(HIDE))
    yield
    for table, ids in hidden.items():
        parley.run(
            f"from chat.models import {table} as T; T.objects.filter(id__in={ids}).update(enabled=True)"
        )


@pytest.mark.parametrize("width", [360, 390])
def test_a_name_of_a_short_list_has_two_lines_on_a_phone(few: None, open_chat: OpenChat, width: int) -> None:
    phone = open_chat(**{**PHONE, "viewport": {"width": width, "height": 844}})
    select, name = phone.page.locator(".picker:not([data-long]) #choice"), phone.page.locator("[data-chosen]")
    for label in ("Claude Haiku 5.5 (simulated)", "Claude Opus 5.5 (simulated)"):
        select.select_option(label=label)
        expect(name).to_have_text(label)
        assert name.evaluate(LINES) == 2
    boxes = [one.bounding_box() for one in (select, name)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["width"] >= boxes[1]["width"], "the whole name can be pressed"
    check_touch_targets(phone.page)


def test_names_are_whole_where_the_field_is_narrow(handy: None, open_chat: OpenChat) -> None:
    phone = open_chat(**PHONE)
    phone.choose("Claude Sonnet 5.5 (simulated)")
    assert phone.page.locator("[data-chosen]").evaluate(LINES) == 2
    phone.choose("Handy")
    expect(phone.page.locator("[data-tool-button]")).to_be_visible()
    assert phone.page.locator("[data-chosen]").evaluate(IS_WHOLE)
    check_touch_targets(phone.page)
    desk = open_chat(viewport={"width": 1440, "height": 900})
    desk.choose("Claude Haiku 5.5 (simulated)")
    effort, sign = desk.page.locator("#effort"), desk.page.locator(".picker--effort .picker__sign")
    expect(effort).to_be_visible()
    expect(sign).to_be_hidden()
    desk.ask(f"[[scenario:echo]]{WEB_PAGE}")
    desk.answer.get_by_role("button", name="Open", exact=True).click()
    expect(desk.page.locator("#artifact [data-title]")).to_be_visible()
    expect(sign).to_be_visible()
    assert desk.page.locator("[data-chosen]").evaluate(IS_WHOLE)
