"""A person's own page: name, language, and the API keys that act as this person."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from chat.models import ApiKey, User
from chat.operations.accounts.api_keys import create_api_key
from tests import factories

PROFILE = "/settings/profile"


@pytest.fixture
def browser(insider: User, client: Client) -> Client:
    client.force_login(insider)
    return client


def save(client: Client, **fields: str) -> Any:
    return client.post(PROFILE, {"first_name": "Mina", "last_name": "Kim", "language": "", **fields})


def key_of(user: User, name: str = "Script") -> ApiKey:
    return create_api_key(user=user, name=name, scopes=["read"])[0]


def test_signed_out_people_sign_in_first(db: None, client: Client) -> None:
    for answer in (client.get(PROFILE), save(client)):
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_person_changes_name_and_language(browser: Client, insider: User) -> None:
    assert save(browser, language="ko").headers["Location"] == PROFILE
    insider.refresh_from_db()
    assert (insider.get_full_name(), insider.language) == ("Mina Kim", "ko")
    assert browser.cookies["django_language"].value == "ko"
    assert "저장" in browser.get(PROFILE).content.decode()
    save(browser, language="")
    insider.refresh_from_db()
    assert insider.language == ""
    assert browser.cookies["django_language"].value == "", "the browser decides again"


@pytest.mark.parametrize("fields", [{"language": "xx"}, {"first_name": "x" * 151}, {"last_name": "a\0b"}])
def test_wrong_values_are_explained_and_not_stored(
    browser: Client, insider: User, fields: dict[str, str]
) -> None:
    answer = save(browser, **fields)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == list(fields)
    insider.refresh_from_db()
    assert insider.get_full_name() == ""


def test_nothing_else_of_an_account_can_be_set(browser: Client, insider: User) -> None:
    raised = {"is_staff": "on", "is_superuser": "on", "email": "mine@example.test", "groups": "1"}
    save(browser, **raised)
    insider.refresh_from_db()
    assert (insider.is_staff, insider.is_superuser, insider.email) == (False, False, "insider@example.test")


def test_own_keys_are_listed_and_revoked(browser: Client, insider: User) -> None:
    key = key_of(insider, "Nightly")
    page = browser.get(PROFILE).content.decode()
    assert "Nightly" in page
    assert key.digest not in page
    assert browser.post(reverse("revoke_own_key", args=[key.pk])).headers["Location"] == PROFILE
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "No program acts as you" in browser.get(PROFILE).content.decode()
    assert browser.post(reverse("revoke_own_key", args=[key.pk])).status_code == 404


def test_a_key_of_another_person_is_not_found(browser: Client, outsider: User) -> None:
    key = key_of(outsider, "Of the outsider")
    assert "Of the outsider" not in browser.get(PROFILE).content.decode()
    assert browser.post(reverse("revoke_own_key", args=[key.pk])).status_code == 404
    assert browser.get(reverse("revoke_own_key", args=[key.pk])).status_code == 405
    key.refresh_from_db()
    assert key.revoked_at is None


def test_deactivated_people_see_no_profile(browser: Client, insider: User) -> None:
    User.objects.filter(pk=insider.pk).update(is_active=False)
    assert browser.get(PROFILE).status_code == 302
    assert factories.person("insider").get_full_name() == ""
