"""A person's own page: the name."""

from typing import Any

import pytest
from django.test import Client

from chat.models import User
from tests import factories

PROFILE = "/settings/profile"


@pytest.fixture
def browser(insider: User, client: Client) -> Client:
    client.force_login(insider)
    return client


def save(client: Client, **fields: str) -> Any:
    return client.post(PROFILE, {"first_name": "Mina", "last_name": "Kim", **fields})


def test_signed_out_people_sign_in_first(db: None, client: Client) -> None:
    for answer in (client.get(PROFILE), save(client)):
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_person_changes_the_name(browser: Client, insider: User) -> None:
    assert save(browser).headers["Location"] == PROFILE
    insider.refresh_from_db()
    assert insider.get_full_name() == "Mina Kim"


@pytest.mark.parametrize("fields", [{"first_name": "x" * 151}, {"last_name": "a\0b"}])
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


def test_deactivated_people_see_no_profile(browser: Client, insider: User) -> None:
    User.objects.filter(pk=insider.pk).update(is_active=False)
    assert browser.get(PROFILE).status_code == 302
    assert factories.person("insider").get_full_name() == ""
