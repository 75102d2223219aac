"""Sharing, exporting and importing in the browser: a wide page with the mouse, and a Korean phone with the keyboard."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Download, Locator, Page, expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import PHONE, check_accessible, check_both_themes, check_width
from tests.browser.conftest import OpenChat, OpenContext, Parley
from tests.support.exports import claude_chat, claude_zip

pytestmark = pytest.mark.usefixtures("network_log")

WAYS = [
    pytest.param({"viewport": {"width": 1440, "height": 900}}, "en", id="wide"),
    pytest.param(PHONE, "ko", id="phone"),
]
WORDS = {
    "en": {
        "share": "Share…", "export": "Export…", "create": "Create a link", "copy": "Copy link",
        "files": "Readers may see the attached files", "revoke": "Revoke", "again": "Continue with a copy",
        "import": "Import", "file": "Export (ZIP or JSON)", "show": "Show conversations", "taken": "1 new conversation",
    },
    "ko": {
        "share": "공유…", "export": "내보내기…", "create": "링크 만들기", "copy": "링크 복사",
        "files": "첨부 파일도 볼 수 있게 하기", "revoke": "폐기", "again": "사본으로 이어가기",
        "import": "가져오기", "file": "내보내기 파일(ZIP 또는 JSON)", "show": "대화 목록 보기", "taken": "새 대화 1개",
    },
}  # fmt: skip


TEXT = (
    "**Two** rivers:\n\n| name | km |\n|---|---|\n| Han | 494 |\n\n```python\nfor river in rivers: pass\n```"
)


def open_conversation(open_chat: OpenChat, parley: Parley, language: str, **options: Any) -> ChatPage:
    """Open a page of a conversation with one answer, in a language."""
    name = "korean" if language == "ko" else "insider"
    made = parley.run(
        "from tests.factories import conversation, person\n"
        f"print(conversation(person({name!r}), 'Rivers?', {TEXT!r}, title='Rivers').id)"
    )
    return open_chat(f"/c/{made}", name=name, color_scheme="light", **options)


def use(control: Locator, *, keyboard: bool) -> None:
    if keyboard:
        control.focus()
        control.press("Enter")
    else:
        control.click()


def open_item(chat: ChatPage, words: dict[str, str], item: str, *, phone: bool) -> Locator:
    """Open an item of the conversation's menu and return the dialog."""
    page = chat.page
    if phone:
        use(page.get_by_role("button", name=words["show"]), keyboard=True)
    use(page.locator(".conversation--current .conversation__more"), keyboard=phone)
    use(page.get_by_role("menuitem", name=words[item]), keyboard=phone)
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    return dialog


@pytest.mark.parametrize(("options", "language"), WAYS)
def test_a_conversation_is_shared_read_and_gone_on_with(
    open_chat: OpenChat,
    signed_in_context: OpenContext,
    parley: Parley,
    options: dict[str, Any],
    language: str,
) -> None:
    words, phone = WORDS[language], language == "ko"
    chat = open_conversation(open_chat, parley, language, **options)
    dialog = open_item(chat, words, "share", phone=phone)
    check_accessible(chat.page)
    dialog.get_by_label(words["files"]).check()
    use(dialog.get_by_role("button", name=words["create"]), keyboard=phone)
    expect(dialog.get_by_role("status")).to_be_visible()
    address = dialog.locator("input[readonly]").input_value()
    use(dialog.get_by_role("button", name=words["copy"]), keyboard=phone)
    expect(dialog.locator("use[href='#icon-check']")).to_be_visible()
    check_both_themes(chat.page)
    check_width(chat.page)

    reader = signed_in_context("admin", color_scheme="light", **options).new_page()
    reader.goto(address)
    expect(reader.locator("parley-markdown table")).to_be_visible()
    expect(reader.locator(".hljs-keyword").first).to_be_visible()
    check_both_themes(reader)
    check_width(reader)
    use(reader.locator("form[action$='/copy'] button"), keyboard=phone)
    copied = ChatPage(reader, parley.url)
    copied.await_connection()
    assert copied.path.startswith("/c/")
    expect(copied.answers).to_have_count(1)

    use(dialog.get_by_role("button", name=words["revoke"]), keyboard=phone)
    expect(dialog.locator("input[readonly]")).to_have_count(0)
    assert reader.goto(address).status == 404


@pytest.mark.parametrize(("options", "language"), WAYS)
def test_a_conversation_is_exported_and_imported(
    open_chat: OpenChat, parley: Parley, tmp_path: Path, options: dict[str, Any], language: str
) -> None:
    words, phone = WORDS[language], language == "ko"
    chat = open_conversation(open_chat, parley, language, **options)
    page = chat.page
    dialog = open_item(chat, words, "export", phone=phone)
    check_both_themes(page)
    check_width(page)
    with page.expect_download() as caught:
        use(dialog.get_by_role("link", name="JSON").first, keyboard=phone)
    exported = json.loads(saved(caught.value))
    assert [row["role"] for row in exported["messages"]] == ["user", "assistant"]
    printed = page.context.new_page()
    printed.goto(parley.url + str(dialog.locator("a[target]").get_attribute("href")))
    expect(printed.locator("parley-markdown").first).to_contain_text("Two rivers")
    expect(printed.locator(".message__actions")).to_have_count(0)
    check_both_themes(printed)
    check_width(printed)
    printed.close()

    page.goto(parley.url + "/settings/import")
    check_both_themes(page)
    check_width(page)
    file = tmp_path / "export.zip"
    file.write_bytes(
        claude_zip([claude_chat(f"{language}-1", "Hello", "Hi", name="From elsewhere"), {"docs": []}])
    )
    page.get_by_label(words["file"]).set_input_files(file)
    use(page.get_by_role("button", name=words["import"], exact=True), keyboard=phone)
    expect(page.locator(".import progress")).to_be_visible()
    expect(page.locator("form progress")).to_be_hidden()
    parley.run(
        "from chat.models import Import; from chat.operations.imports.run import run_import\n"
        "[run_import(str(one.id)) for one in Import.objects.unfinished()]"
    )
    expect(page.locator(".import__taken")).to_contain_text(words["taken"])
    use(page.locator(".import__left summary"), keyboard=phone)
    check_both_themes(page)
    check_width(page)


def saved(download: Download) -> str:
    return Path(download.path()).read_text(encoding="utf-8")


def test_a_refused_upload_is_told_at_the_field(
    signed_in_context: OpenContext, parley: Parley, tmp_path: Path
) -> None:
    page: Page = signed_in_context().new_page()
    page.goto(parley.url + "/settings/import")
    file = tmp_path / "notes.json"
    file.write_text("no JSON")
    page.get_by_label("Export (ZIP or JSON)").set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This file is no export")
    page.evaluate("document.querySelector('[data-import]').dataset.largestBytes = '3'")
    page.get_by_label("Export (ZIP or JSON)").set_input_files(file)
    field = page.get_by_label("Export (ZIP or JSON)")
    assert "larger than" in field.evaluate("field => field.validationMessage")
