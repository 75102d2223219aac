"""The chat page in Korean, and the choice of the language."""

from playwright.sync_api import expect

from tests.browser.checks import check_width
from tests.browser.conftest import OpenChat


def test_a_korean_user_sees_korean(open_chat: OpenChat) -> None:
    chat = open_chat(name="korean")
    page = chat.page
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    visible = page.locator("body").inner_text()
    for english in ("New conversation", "Write a message", "Send", "Today", "Find by title"):
        assert english not in visible
    chat.send("[[scenario:long tokens=6000 pace=60]] 이야기해 주세요").await_text(10)
    page.get_by_role("button", name="답변 중지").click()
    chat.await_end()
    expect(chat.answer).to_contain_text("답변을 중지했습니다.")
    expect(page.get_by_role("button", name="이어서 쓰기")).to_be_visible()
    check_width(page)


def test_the_language_is_changed_in_the_menu(open_chat: OpenChat) -> None:
    chat = open_chat(name="admin")
    chat.page.get_by_role("button", name="Settings").click()
    chat.page.get_by_role("button", name="한국어").click()
    expect(chat.page.locator("html")).to_have_attribute("lang", "ko")
    chat.page.get_by_role("button", name="설정").click()
    chat.page.get_by_role("button", name="English").click()
    expect(chat.page.locator("html")).to_have_attribute("lang", "en")
    expect(chat.page.get_by_role("link", name="Administration")).to_be_hidden()
