"""The page of a person's data: the export, and deleting the account after a second look at the password."""

import zipfile
from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from chat.models import AccountExport, Conversation, User
from chat.operations.account_data import export as journeys
from tests import factories

DATA, DELETE = "/settings/data", "/settings/delete"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journeys.current_app, "send_task", lambda _name, args: None)


def exported(user: User) -> AccountExport:
    export = journeys.begin_account_export(user=user)
    journeys.write_account_export(str(export.pk), shows_costs=True)
    return export


@pytest.fixture
def fresh(insider: User) -> Client:
    """The insider's browser just after the password was asked for."""
    client = Client()
    client.force_login(insider)
    client.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    return client


def test_signed_out_people_sign_in_first(insider: User, client: Client) -> None:
    file = f"{DATA}/{exported(insider).pk}.zip"
    for answer in (
        client.get(DATA),
        client.post(DATA),
        client.get(file),
        client.get(DELETE),
        client.post(DELETE),
    ):
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_an_export_is_begun_watched_and_downloaded(
    browser: Client, insider: User, chat: Conversation
) -> None:
    assert "Export my data" in browser.get(DATA).content.decode()
    assert browser.post(DATA).headers["Location"] == DATA
    waiting = browser.get(DATA)
    assert "0 of 1 conversations are written." in waiting.content.decode()
    assert waiting["Refresh"] == "5"
    export = AccountExport.objects.get()
    assert browser.get(f"{DATA}/{export.pk}.zip").status_code == 404, "not written yet"
    journeys.write_account_export(str(export.pk), shows_costs=True)
    done = browser.get(DATA)
    assert "Refresh" not in done
    assert f"{DATA}/{export.pk}.zip" in done.content.decode()
    answer = browser.get(f"{DATA}/{export.pk}.zip")
    data = b"".join(answer)
    assert answer["Content-Disposition"].startswith('attachment; filename="parley-account-')
    assert str(len(data)) == answer["Content-Length"]
    assert "account.json" in zipfile.ZipFile(BytesIO(data)).namelist()


def test_a_failed_export_is_said(browser: Client, insider: User) -> None:
    AccountExport.objects.create(user=insider, status="failed")
    assert "could not be written" in browser.get(DATA).content.decode()


@pytest.mark.parametrize("role", ["colleague", "outsider"])
def test_an_export_of_another_person_is_not_found(role: str, signed_in: Any, insider: User) -> None:
    export = exported(insider)
    assert signed_in(role).get(f"{DATA}/{export.pk}.zip").status_code == 404
    assert str(export.pk) not in signed_in(role).get(DATA).content.decode()


def test_a_file_that_is_gone_is_not_found(browser: Client, insider: User) -> None:
    export = exported(insider)
    journeys.default_storage.delete(export.path)
    assert browser.get(f"{DATA}/{export.pk}.zip").status_code == 404


def test_deleting_asks_for_the_password_again(browser: Client, insider: User) -> None:
    for answer in (browser.get(DELETE), browser.post(DELETE, {"email": insider.email})):
        assert "/accounts/reauthenticate/" in answer.headers["Location"]
    insider.refresh_from_db()
    assert insider.is_active


def test_a_typed_address_closes_the_account(fresh: Client, insider: User) -> None:
    assert f"Type {insider.email} to confirm" in fresh.get(DELETE).content.decode()
    wrong = fresh.post(DELETE, {"email": "someone@example.test"})
    assert wrong.status_code == 422
    assert "not the address of your account" in wrong.content.decode()
    assert 'value="someone@example.test"' in wrong.content.decode()
    answer = fresh.post(DELETE, {"email": f" {insider.email.upper()} "})
    assert answer.headers["Location"] == "/accounts/login/"
    assert "Your account is closed." in fresh.get("/accounts/login/").content.decode()
    assert fresh.get("/").status_code == 302
    insider.refresh_from_db()
    assert not insider.is_active


def test_the_only_administrator_is_told_first(fresh: Client, insider: User) -> None:
    User.objects.filter(pk=insider.pk).update(is_superuser=True, is_staff=True)
    page = fresh.get(DELETE).content.decode()
    assert "You are the only administrator." in page
    assert "to confirm" not in page
    answer = fresh.post(DELETE, {"email": insider.email})
    assert answer.status_code == 422
    insider.refresh_from_db()
    assert insider.is_active
