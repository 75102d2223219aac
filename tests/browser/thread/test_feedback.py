"""👍 and 👎 by mouse and by keyboard: the form, its focus, and taking a rating back."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.checks import PHONE, check_accessible, check_width
from tests.browser.conftest import OpenChat

WORDS = {
    "insider": ("Bad answer", "Wrong or made up", "In your words", "Send", "Thank you."),
    "korean": ("나쁜 답변", "틀렸거나 지어낸 내용", "의견", "보내기", "감사합니다."),
}


@pytest.mark.parametrize(
    ("name", "size"),
    [("insider", {"viewport": {"width": 1440, "height": 900}}), ("korean", PHONE)],
    ids=["mouse", "keyboard"],
)
def test_an_answer_is_rated_and_the_rating_taken_back(
    open_chat: OpenChat, name: str, size: dict[str, Any]
) -> None:
    bad_name, wrong, words, send, thanks = WORDS[name]
    chat = open_chat(name=name, **size)
    chat.field.fill("[[scenario:echo]] How high is the bridge?")
    chat.page.locator(".composer__send").click()
    bad = chat.answer.get_by_role("button", name=bad_name)
    bad.press("Enter") if size is PHONE else bad.click()
    form = chat.answer.locator("[data-feedback-form]")
    expect(form).to_be_visible()
    expect(bad).to_be_focused()
    check_accessible(chat.page)
    check_width(chat.page)
    form.get_by_label(wrong).check()
    form.get_by_label(words).fill("It is lower.")
    form.get_by_role("button", name=send).press("Enter")
    expect(chat.answer.get_by_text(thanks)).to_be_visible()
    expect(bad).to_be_focused()
    chat.page.reload()
    chat.await_connection()
    expect(bad).to_have_attribute("aria-pressed", "true")
    bad.press("Enter")
    expect(bad).to_have_attribute("aria-pressed", "false")
    expect(form).to_have_count(0)
