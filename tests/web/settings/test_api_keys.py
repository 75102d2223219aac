"""A person's own API keys: created with scopes, shown once, listed and revoked."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chat.models import ApiKey, User
from chat.operations.accounts import api_keys as journeys
from chat.operations.accounts.api_keys import authenticate, create_api_key

KEYS = "/settings/keys"


def create(client: Client, **fields: Any) -> Any:
    return client.post(KEYS, {"name": "Nightly report", "scopes": ["read"], "days": "30", **fields})


def key_of(user: User, name: str = "Script") -> ApiKey:
    return create_api_key(user=user, name=name, scopes=["read"])[0]


def test_signed_out_people_sign_in_first(db: None, client: Client) -> None:
    for answer in (client.get(KEYS), create(client)):
        assert answer.headers["Location"].startswith("/accounts/login/")
    assert not ApiKey.objects.exists()


def test_a_new_key_is_shown_once_and_works(browser: Client, insider: User) -> None:
    page = create(browser, scopes=["read", "chat"])
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    key = authenticate(secret)
    assert key is not None
    assert (key.user, key.scopes) == (insider, ["chat", "read"])
    assert key.expires_at is not None
    assert (key.expires_at - timezone.now()).days == 29
    again = browser.get(KEYS).content.decode()
    assert secret not in again
    assert key.digest not in again
    assert "Nightly report" in again


def test_a_key_without_an_end_is_possible(browser: Client) -> None:
    create(browser, days="")
    assert ApiKey.objects.get().expires_at is None


@pytest.mark.parametrize(
    "fields", [{"name": " "}, {"name": "x" * 81}, {"scopes": []}, {"scopes": ["root"]}, {"days": "9999"}]
)
def test_wrong_values_are_explained_and_create_nothing(browser: Client, fields: dict[str, Any]) -> None:
    answer = create(browser, **fields)
    assert list(answer.context["form"].errors) == list(fields)
    assert "secret" not in answer.context
    assert not ApiKey.objects.exists()


def test_one_person_has_a_limited_number_of_keys(
    browser: Client, insider: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journeys, "MOST_OWN_KEYS", 2)
    create(browser)
    create(browser)
    assert "Revoke one before you create another." in create(browser).content.decode()
    assert ApiKey.objects.count() == 2


def test_own_keys_are_revoked(browser: Client, insider: User) -> None:
    key = key_of(insider, "Nightly")
    assert browser.post(reverse("revoke_own_key", args=[key.pk])).headers["Location"] == KEYS
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "No program acts as you" in browser.get(KEYS).content.decode()
    assert browser.post(reverse("revoke_own_key", args=[key.pk])).status_code == 404


def test_a_key_of_another_person_is_not_found(browser: Client, outsider: User) -> None:
    key = key_of(outsider, "Of the outsider")
    assert "Of the outsider" not in browser.get(KEYS).content.decode()
    assert browser.post(reverse("revoke_own_key", args=[key.pk])).status_code == 404
    assert browser.get(reverse("revoke_own_key", args=[key.pk])).status_code == 405
    key.refresh_from_db()
    assert key.revoked_at is None
