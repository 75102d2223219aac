"""A temporary chat: marked, in no list, there after a reload, and gone when it is left."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.checks import check_both_themes, check_width
from tests.browser.conftest import OpenChat, Parley
from tests.browser.shell.views import DESK, ask, both_views, show_list
from tests.support.chromium import await_address

SECONDS_LEFT = """
from django.utils import timezone
from chat.models import Conversation
left = Conversation.objects.filter(id="{}").values_list("expires_at", flat=True).first()
print(int((left - timezone.now()).total_seconds()) if left else "gone")
"""
STORED = "word => JSON.stringify({...localStorage}).includes(word)"


@both_views
def test_a_chat_leaves_nothing_behind(open_chat: OpenChat, parley: Parley, view: dict[str, Any]) -> None:
    chat = open_chat(**view).keep_toasts()
    page = chat.page
    chat.field.fill("Half a secret")
    page.locator("#temporary-toggle").click()
    expect(page.locator("#temporary-note")).to_be_visible()
    assert not page.evaluate(STORED, "secret"), "the draft moved too"
    page.reload()
    expect(chat.field).to_have_value("Half a secret")
    check_width(page)
    check_both_themes(page)
    chat.await_connection()
    ask(chat, "[[scenario:echo]] A whole secret")
    path = chat.path
    expect(page.locator("#temporary-toggle")).to_be_hidden()
    # The page before may tell only now that it was left.
    with page.expect_response("**/stay"):
        page.reload()
    expect(chat.text).to_contain_text("A whole secret")
    assert int(parley.run(SECONDS_LEFT.format(path.removeprefix("/c/")))) > 3600, "a reload is no end"
    show_list(chat)
    expect(page.locator(f".conversation a[href='{path}']")).to_have_count(0)
    assert not page.evaluate(STORED, "secret")
    if view is DESK:
        page.locator("#end-temporary").click()
        await_address(page, f"{chat.url}/")
        expect(page.locator("#toast")).to_contain_text("has ended")
        assert parley.run(SECONDS_LEFT.format(path.removeprefix("/c/"))) == "gone"
    else:
        page.locator(".sidebar__new").click()
        await_address(page, f"{chat.url}/")
        chat.await_connection()
        assert int(parley.run(SECONDS_LEFT.format(path.removeprefix("/c/")))) <= 60


def test_signing_out_ends_it(open_chat: OpenChat, parley: Parley) -> None:
    key = parley.open_session("insider")
    chat = open_chat(**DESK)
    chat.page.context.add_cookies([{"name": "parley_session", "value": key, "url": parley.url}])
    chat.open("/?temporary=1").ask("[[scenario:echo]] A secret")
    path = chat.path
    chat.page.locator(".person__button").click()
    chat.page.get_by_role("button", name="Sign out").click()
    await_address(chat.page, "**/accounts/login/**")
    assert int(parley.run(SECONDS_LEFT.format(path.removeprefix("/c/")))) <= 60


def test_a_second_tab_keeps_it(open_chat: OpenChat, parley: Parley) -> None:
    chat = open_chat("/?temporary=1", **DESK).ask("[[scenario:echo]] In two tabs")
    other = chat.page.context.new_page()
    with other.expect_response("**/stay"):
        other.goto(chat.url + chat.path)
    with other.expect_response("**/stay"):
        chat.page.goto(f"{chat.url}/")
    assert int(parley.run(SECONDS_LEFT.format(other.url.rsplit("/", 1)[1]))) > 3600
