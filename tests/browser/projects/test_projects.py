"""A project from its beginning to a conversation in it, with a mouse on a desk and by keys on a Korean phone."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import PHONE, check_accessible, check_touch_targets, check_width
from tests.browser.conftest import OpenContext, Parley
from tests.support.chromium import await_address

WORDS = {
    "insider": {
        "name": "Name",
        "create": "Create project",
        "instructions": "Instructions",
        "save": "Save",
        "add_text": "Add a text…",
        "title": "Title",
        "text": "Text",
        "add": "Add",
        "share": "Share…",
        "email": "Email address of a person",
        "share_now": "Share",
        "close": "Close",
        "new": "New conversation in this project",
        "none": "Only you.",
    },
    "korean": {
        "name": "이름",
        "create": "프로젝트 만들기",
        "instructions": "지침",
        "save": "저장",
        "add_text": "텍스트 추가…",
        "title": "제목",
        "text": "텍스트",
        "add": "추가",
        "share": "공유…",
        "email": "공유할 사람의 이메일 주소",
        "share_now": "공유",
        "close": "닫기",
        "new": "이 프로젝트에서 새 대화",
        "none": "나만 사용합니다.",
    },
}


class Desk:
    """Presses controls with the mouse, or with Enter where `keys` are used."""

    def __init__(self, page: Page, words: dict[str, str], *, keys: bool) -> None:
        self.page, self.words, self.keys = page, words, keys

    def press(self, control: Locator) -> None:
        if self.keys:
            control.focus()
            self.page.keyboard.press("Enter")
        else:
            control.click()

    def button(self, name: str, within: Any = None) -> Locator:
        return (within or self.page).get_by_role("button", name=self.words[name], exact=True)

    def fill(self, name: str, text: str, within: Any = None) -> None:
        (within or self.page).get_by_label(self.words[name], exact=True).fill(text)


def share(desk: Desk, other: str) -> None:
    """Share the project on the page with another person."""
    page, dialog = desk.page, desk.page.get_by_role("dialog")
    desk.press(desk.button("share"))
    expect(dialog.get_by_text(desk.words["none"])).to_be_visible()
    check_accessible(page)
    desk.fill("email", other, dialog)
    desk.press(desk.button("share_now", dialog).first)
    expect(dialog.get_by_text(other)).to_be_visible()
    check_width(page)
    desk.press(desk.button("close", dialog))


@pytest.mark.parametrize(
    ("name", "options", "keys"),
    [("insider", {"viewport": {"width": 1440, "height": 900}}, False), ("korean", PHONE, True)],
)
def test_a_project_is_made_filled_shared_and_used(
    signed_in_context: OpenContext, parley: Parley, name: str, options: Any, keys: bool
) -> None:
    page = signed_in_context(name, **options).new_page()
    desk = Desk(page, WORDS[name], keys=keys)
    page.goto(f"{parley.url}/projects/")
    check_accessible(page)
    check_width(page)
    if not page.get_by_label(desk.words["name"], exact=True).is_visible():
        page.locator("summary").click()
    desk.fill("name", f"Bridge of {name}")
    desk.press(desk.button("create"))

    desk.fill("instructions", "Answer in metres.")
    desk.press(desk.button("save"))
    expect(page.locator("#project-settings [role=status]")).not_to_be_empty()
    expect(page.locator("#settings-instructions")).to_have_value("Answer in metres.")
    expect(desk.button("save")).to_be_focused()

    desk.press(desk.button("add_text"))
    dialog = page.get_by_role("dialog")
    expect(page.locator("#text-name")).to_be_focused()
    desk.fill("title", "Height", dialog)
    desk.fill("text", "The bridge is 91 m high.", dialog)
    check_accessible(page)
    desk.press(desk.button("add", dialog))
    documents = page.locator("#project-documents")
    expect(documents.get_by_role("link", name="Height.txt")).to_be_visible()
    expect(dialog).to_be_hidden()

    page.locator("[data-files]").set_input_files(
        [
            {"name": "width.md", "mimeType": "text/markdown", "buffer": b"12 m wide"},
            {"name": "view.png", "mimeType": "image/png", "buffer": b"\x89PNG broken"},
        ]
    )
    expect(documents.get_by_role("link", name="width.md")).to_be_visible()
    expect(documents.locator("[data-uploads] [role=alert]")).to_have_count(1)

    share(desk, "korean@example.test" if name == "insider" else "insider@example.test")
    check_accessible(page)
    check_width(page)
    if keys:
        check_touch_targets(page)

    desk.press(page.get_by_role("link", name=desk.words["new"]))
    await_address(page, "**/?project=*")
    chat = ChatPage(page, parley.url)
    chat.await_connection()
    expect(page.locator(".topbar__project")).to_contain_text(f"Bridge of {name}")
    chat.field.fill(f"[[scenario:echo]] How high, {name}?")
    page.locator(".composer__send").click()
    await_address(page, "**/c/*")
    expect(page.locator(".message--answer:not(.message--live)")).to_have_count(1)
    check_accessible(page)
    desk.press(page.locator(".topbar__project"))
    expect(page.locator("#chats-list a")).to_have_count(1)
