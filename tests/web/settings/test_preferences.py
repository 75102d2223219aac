"""General settings: what a person chooses follows them into every browser, applied before the first paint."""

from typing import Any

import pytest
from django.test import Client

from chat.models import User
from tests import factories

SETTINGS = "/settings/"
USUAL = {"language": "", "theme": "", "text_size": "", "send_key": "", "time_zone": ""}


def save(client: Client, **fields: str) -> Any:
    return client.post(SETTINGS, {**USUAL, **fields})


def html_of(client: Client, path: str = SETTINGS) -> str:
    page = client.get(path).content.decode()
    return page[: page.index(">", page.index("<html")) + 1].partition("<html")[2]


def test_signed_out_people_sign_in_first(db: None, client: Client) -> None:
    for answer in (client.get(SETTINGS), save(client)):
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_choices_are_attributes_of_every_page(browser: Client, insider: User) -> None:
    assert html_of(browser) == f' lang="en" data-person="{insider.pk}">'
    chosen = {"theme": "dark", "text_size": "large", "send_key": "ctrl_enter", "time_zone": "Asia/Seoul"}
    assert save(browser, **chosen).headers["Location"] == SETTINGS
    shown = 'data-theme="dark" data-text-size="large" data-send-key="ctrl_enter" data-time-zone="Asia/Seoul">'
    for path in (SETTINGS, "/", "/settings/sessions", "/accounts/password/change/", "/accounts/2fa/"):
        assert html_of(browser, path).endswith(shown)
    other = Client()
    other.force_login(insider)
    assert html_of(other).endswith(shown), "another browser of the same person"
    assert html_of(Client(), "/accounts/login/") == ' lang="en">'


def test_a_page_about_an_error_reads_no_person(browser: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        page = browser.get("/no/such/page").content.decode()
    assert "data-person" not in page


def test_the_composer_names_the_chosen_send_key(browser: Client) -> None:
    assert "<kbd>Shift</kbd> <kbd>Enter</kbd> breaks" in browser.get("/").content.decode()
    save(browser, send_key="ctrl_enter")
    page = browser.get("/")
    assert "<kbd>Ctrl</kbd> <kbd>Enter</kbd> sends" in page.content.decode()
    assert page.context["page"]["enter_breaks"] is True


def test_a_chosen_language_sets_the_cookie_of_the_switch(browser: Client, insider: User) -> None:
    save(browser, language="ko")
    assert browser.cookies["django_language"].value == "ko"
    assert "저장" in browser.get(SETTINGS).content.decode()
    save(browser)
    insider.refresh_from_db()
    assert (insider.language, browser.cookies["django_language"].value) == ("", "")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Asia/Seoul", "Asia/Seoul"),
        (" asia/seoul ", "Asia/Seoul"),
        ("new york", "America/New_York"),
        ("utc", "UTC"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ],
)
def test_a_time_zone_is_found_as_people_type_it(
    browser: Client, insider: User, typed: str, stored: str
) -> None:
    save(browser, time_zone=typed)
    insider.refresh_from_db()
    assert insider.time_zone == stored


WRONG = [
    {"language": "xx"},
    {"theme": "pink"},
    {"text_size": "huge"},
    {"send_key": "space"},
    {"time_zone": "Atlantis"},
    {"time_zone": "../etc/passwd"},
    {"time_zone": "louisville\0"},
]


@pytest.mark.parametrize("fields", WRONG)
def test_wrong_choices_are_explained_and_not_stored(
    browser: Client, insider: User, fields: dict[str, str]
) -> None:
    answer = save(browser, **{"theme": "dark", **fields})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == list(fields)
    insider.refresh_from_db()
    assert insider.theme == ""


def test_nothing_else_of_an_account_can_be_set(browser: Client, insider: User) -> None:
    save(browser, is_staff="on", is_superuser="on", email="mine@example.test", first_name="X")
    insider.refresh_from_db()
    assert (insider.is_staff, insider.email, insider.first_name) == (False, "insider@example.test", "")


def test_the_switch_of_the_theme_is_stored(browser: Client, insider: User) -> None:
    assert browser.post("/preferences", {"theme": "dark"}).status_code == 204
    insider.refresh_from_db()
    assert insider.theme == "dark"
    assert browser.post("/preferences", {"theme": "pink"}).status_code == 400
    assert Client().post("/preferences", {"theme": "dark"}).status_code == 400
    browser.post("/preferences", {"theme": ""})
    insider.refresh_from_db()
    assert insider.theme == ""


def test_the_navigation_marks_the_open_page(browser: Client) -> None:
    for path in (SETTINGS, "/settings/keys", "/accounts/password/change/", "/accounts/2fa/"):
        page = browser.get(path, follow=True).content.decode()
        assert page.count('aria-current="page"') == 1, path
    assert "Administration" not in browser.get(SETTINGS).content.decode()
    staff = Client()
    staff.force_login(factories.person("staff", is_staff=True))
    assert "Administration" in staff.get(SETTINGS).content.decode()
