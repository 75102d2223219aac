"""A project is handed over and archived in a browser: by keys on a wide screen, by touch on a phone in Korean."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.admin.staff_page import sign_in
from tests.browser.checks import PHONE, check_width
from tests.support.server import Server

MAKE = """
from chat.models import User
from chat.operations.projects.documents import add_text
from chat.operations.projects.edit import create_project
owner, heir = (User.objects.get_or_create(email=f"{{name}}-{0}@example.test")[0] for name in ("owner", "heir"))
project = create_project(owner=owner, name="Harbour bridge", instructions="Answer in metres.")
add_text(user=owner, project_id=project.id, name="report.txt", text="The bridge is 91 m high.")
print(project.id)
"""
WORDS = {
    "en": ("Hand over", "The project now belongs to", "1 project was archived.", "Unarchive"),
    "ko": ("넘기기", "이제 이 프로젝트의 소유자는", "프로젝트 1개를 보관했습니다.", "보관 해제"),
}


@pytest.mark.parametrize(
    ("language", "options"), [("en", {"viewport": {"width": 1440, "height": 900}}), ("ko", PHONE)]
)
def test_a_project_is_handed_over_and_archived(
    server: Server, open_context: Callable[..., BrowserContext], language: str, options: dict[str, Any]
) -> None:
    project = server.shell(MAKE.format(language)).splitlines()[-1]
    hand_over, belongs, archived, unarchive = WORDS[language]
    context = open_context(**options)
    context.add_cookies([{"name": "django_language", "value": language, "url": server.url}])
    page = context.new_page()
    missing = sign_in(page, server, f"chat/project/{project}/change/")

    def choose(action: str) -> None:
        link = page.locator(f"a[href$='/{action}/']").first
        if not link.is_visible():
            page.locator("button, a").filter(has_text="more_horiz").last.click()
        link.click()

    expect(page.get_by_text("Answer in metres.")).to_be_visible()
    expect(page.get_by_role("link", name="report.txt")).to_be_visible()
    check_width(page)
    choose("hand-over")
    field = page.locator("#modal-content [name=email]")
    expect(field).to_be_focused()
    page.keyboard.type(f"heir-{language}@example.test")
    page.locator("#modal-content").get_by_role("button", name=hand_over).click()
    expect(page.get_by_text(belongs)).to_be_visible()
    choose("archive")
    expect(page.get_by_text(archived)).to_be_visible()
    expect(page.locator("a[href$='/unarchive/']").first).to_contain_text(unarchive)
    choose("history")
    expect(page.locator("#change-history")).to_contain_text(f"heir-{language}@example.test")
    assert missing == []
