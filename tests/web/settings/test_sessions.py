"""Where a person is signed in: the list, and ending other sessions."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import OperationalError
from django.test import Client

from chat.models import User
from chat.operations.accounts.sessions import forget_ended
from tests import factories

SESSIONS = "/settings/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 Version/26.1 Safari/604.1"
)


def signed_in(user: User, user_agent: str) -> Client:
    """Return a browser of this person that has opened a page."""
    client = Client(headers={"User-Agent": user_agent})
    client.force_login(user)
    client.get("/settings/profile")
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/settings/profile").status_code == 200


@pytest.fixture
def laptop(insider: User) -> Client:
    return signed_in(insider, FIREFOX)


@pytest.fixture
def phone(insider: User) -> Client:
    return signed_in(insider, SAFARI)


def listed(client: Client) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get(SESSIONS).context["sessions"]
    return rows


def test_the_own_browser_stands_first(laptop: Client, phone: Client, outsider: User) -> None:
    signed_in(outsider, SAFARI)
    rows = listed(laptop)
    shown = [(row["name"], row["address"], row["is_current"]) for row in rows]
    assert shown == [("Firefox on Linux", "127.0.0.*", True), ("Safari on iPhone", "127.0.0.*", False)]
    page = laptop.get(SESSIONS).content.decode()
    assert "This browser" in page
    assert "Sign out on Safari on iPhone" in page
    assert "127.0.0.1" not in page


def test_one_session_is_ended(laptop: Client, phone: Client) -> None:
    (other,) = [row["id"] for row in listed(laptop) if not row["is_current"]]
    assert laptop.post(SESSIONS, {"session": other}).headers["Location"] == SESSIONS
    assert (is_signed_in(laptop), is_signed_in(phone)) == (True, False)
    assert len(listed(laptop)) == 1


def test_all_other_sessions_are_ended(laptop: Client, phone: Client, insider: User, outsider: User) -> None:
    tablet, foreign = signed_in(insider, SAFARI), signed_in(outsider, SAFARI)
    laptop.post(SESSIONS)
    assert [is_signed_in(one) for one in (laptop, phone, tablet, foreign)] == [True, False, False, True]
    assert "Sign out everywhere else" not in laptop.get(SESSIONS).content.decode()


@pytest.mark.parametrize("chosen", ["own", "foreign", "x", "0", "9" * 40])
def test_only_own_other_sessions_are_ended(laptop: Client, outsider: User, chosen: str) -> None:
    foreign = signed_in(outsider, SAFARI)
    ids = {"own": listed(laptop)[0]["id"], "foreign": listed(foreign)[0]["id"]}
    assert laptop.post(SESSIONS, {"session": ids.get(chosen, chosen)}).status_code == 302
    assert (is_signed_in(laptop), is_signed_in(foreign)) == (True, True)


def test_the_last_use_is_stored_now_and_then(laptop: Client) -> None:
    row = UserSession.objects.get()
    laptop.get("/settings/profile", headers={"User-Agent": SAFARI})
    row.refresh_from_db()
    assert row.user_agent == FIREFOX, "it was stored a moment ago"
    caches["process"].clear()
    laptop.get("/settings/profile", headers={"User-Agent": SAFARI * 9})
    row.refresh_from_db()
    assert row.user_agent == (SAFARI * 9)[:200]
    assert row.last_seen_at > row.created_at


def test_a_page_is_read_while_nothing_can_be_written(
    laptop: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(*_arguments: Any, **_fields: Any) -> None:
        raise OperationalError("database is locked")

    caches["process"].clear()
    monkeypatch.setattr(UserSession.objects, "update_or_create", locked)
    assert is_signed_in(laptop)
    assert "session_use_not_noted" in caplog.text


def test_sessions_that_ended_otherwise_are_not_listed(laptop: Client, phone: Client, insider: User) -> None:
    phone.post("/accounts/logout/")
    assert [row["name"] for row in listed(laptop)] == ["Firefox on Linux"]
    insider.set_password(factories.PASSWORD + "!")
    insider.save()
    again = signed_in(insider, SAFARI)
    assert [row["name"] for row in listed(again)] == ["Safari on iPhone"], (
        "the old password's session is over"
    )


def test_nothing_is_kept_about_ended_sessions(laptop: Client, phone: Client) -> None:
    Session.objects.filter(session_key=phone.session.session_key).delete()
    forget_ended()
    assert [row.session_key for row in UserSession.objects.all()] == [laptop.session.session_key]


def test_signed_out_people_sign_in_first(db: None, client: Client) -> None:
    for answer in (client.get(SESSIONS), client.post(SESSIONS)):
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_the_package_page_leads_here(laptop: Client) -> None:
    assert laptop.get("/accounts/sessions/").headers["Location"] == SESSIONS


def test_staff_do_not_see_session_keys(admin_client: Client) -> None:
    assert admin_client.get("/admin/usersessions/usersession/").status_code == 404
