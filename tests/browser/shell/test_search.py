"""Search: found while typing, opened at the message, by mouse and keyboard, in both languages."""

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import PHONE, check_both_themes, check_touch_targets, check_width
from tests.browser.conftest import OpenContext, Parley
from tests.support.chromium import await_address

MADE = """
import json
from tests import factories
owner = factories.person({name!r})
found = factories.conversation(owner, *(f"Message {{n}}" for n in range(120)), title="Long")
message = found.messages.get(text="Message 40")
message.text = "우리 정원에 물을 주는 날은 화요일이다. Water the Garden on Tuesday."
message.content = [{{"type": "text", "text": message.text}}]
message.save()
other = factories.conversation(owner, "정원 이야기를 해 줘", "<b>정원</b>은 작다.", title="정원 이야기 {name}")
print(json.dumps([str(found.id), str(message.id), str(other.id)]))
"""


@pytest.mark.parametrize(
    ("name", "options"),
    [("insider", {"viewport": {"width": 1440, "height": 900}}), ("korean", PHONE)],
    ids=["wide, English, mouse", "phone, Korean, keyboard"],
)
def test_a_message_is_found_and_opened(
    name: str, options: dict[str, Any], signed_in_context: OpenContext, parley: Parley
) -> None:
    korean = name == "korean"
    long_id, message_id, other_id = json.loads(parley.run(MADE.format(name=name)))
    page = signed_in_context(name, color_scheme="light", reduced_motion="reduce", **options).new_page()
    page.goto(f"{parley.url}/search")
    field = page.locator("#q")
    expect(field).to_be_focused()
    check_both_themes(page)
    field.press_sequentially("없는낱말" if korean else "quokkas")
    expect(page.get_by_role("status")).to_contain_text("없는낱말" if korean else "quokkas")
    field.fill("정원")
    groups = page.locator(".results__group")
    expect(groups).to_have_count(2)
    expect(groups.first.locator("h2 mark")).to_have_text("정원")
    expect(groups.last.locator("mark")).to_have_text(["정원"])
    await_address(page, "*/search?q=%EC%A0%95%EC%9B%90")
    check_both_themes(page)
    check_width(page)
    if korean:
        check_touch_targets(page)
        field.press("ArrowDown")
        expect(page.locator(f"a[href='/c/{other_id}']")).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(field).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("End")
        page.keyboard.press("Enter")
    else:
        groups.last.locator(".results__hit").click()
    await_address(page, f"**/c/{long_id}?message={message_id}&q=*")
    article = page.locator(f"article[data-message='{message_id}']")
    expect(article).to_be_in_viewport()
    expect(article).to_be_focused()
    marks = "() => [...(CSS.highlights.get('found-words') ?? [])].map(String)"
    page.wait_for_function(f"({marks})().length === 1")
    assert page.evaluate(marks) == ["정원"]
    page.locator("[data-later] button").click()
    expect(page.get_by_text("Message 60", exact=True)).to_be_attached()
    expect(page.get_by_text("Message 51", exact=True)).to_be_in_viewport()  # the text in view stays
    page.go_back()
    expect(field).to_have_value("정원")
    expect(groups).to_have_count(2)


def test_the_sidebar_leads_to_a_result_that_is_answered(
    signed_in_context: OpenContext, parley: Parley
) -> None:
    json.loads(parley.run(MADE.format(name="insider")))
    page = signed_in_context().new_page()
    chat = ChatPage(page, parley.url).open()
    page.locator("#search").fill("물을 주는")
    page.get_by_role("link", name="Search all messages for “물을 주는”").click()
    expect(page.locator("#q")).to_have_value("물을 주는")
    page.locator(".results__hit").first.click()
    chat.await_connection()
    expect(page.locator("[data-later]")).to_be_attached()
    # A message that is sent from the middle stands at the end, and so does the reader.
    chat.send("[[scenario:echo]] From the middle")
    expect(chat.text).to_contain_text("From the middle")
    expect(page.get_by_text("Message 119", exact=True)).to_be_attached()
    expect(page.locator("[data-later]")).to_have_count(0)
    expect(chat.answer).to_be_in_viewport()


def test_korean_is_found_while_it_is_composed(signed_in_context: OpenContext, parley: Parley) -> None:
    parley.run(MADE.format(name="insider"))
    page = signed_in_context().new_page()
    page.goto(f"{parley.url}/search")
    keyboard = page.context.new_cdp_session(page)
    for text in ("ㅈ", "저", "정", "정ㅇ", "정우", "정워", "정원"):
        keyboard.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        )
    # The last syllable is still being composed.
    expect(page.locator("h2 mark").first).to_have_text("정원")
    keyboard.send("Input.insertText", {"text": "정원"})
    expect(page.locator("#q")).to_have_value("정원")
    expect(page.locator("h2 mark").first).to_have_text("정원")
