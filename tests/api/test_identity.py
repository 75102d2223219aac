"""Identities of the API: keys with scopes, and sessions with a CSRF token."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from chat.api.identity import ApiIdentity
from chat.models import ApiKey
from chat.operations.accounts.api_keys import revoke_api_key
from tests.api.people import BASE, Person, person

ME = f"{BASE}/me"
CONVERSATIONS = f"{BASE}/conversations"


def refused(response) -> None:
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Cache-Control"] == "no-store"
    assert response.json()["code"] == "not_signed_in"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer pk-parley-wrong"},
        {"Authorization": "Bearer pk-parley-\udce9\x00".encode("utf-8", "replace").decode()},
        {"Authorization": "Basic aW5zaWRlcjpw"},
        {"X-Forwarded-User": "insider@example.test"},
        {"X-Forwarded-Email": "insider@example.test", "Remote-User": "insider@example.test"},
        {"X-Api-Key": "pk-parley-wrong"},
    ],
)
def test_only_a_valid_key_is_an_identity(insider: Person, headers: dict) -> None:
    refused(Client(headers=headers).get(ME))


def test_a_wrong_key_is_refused_beside_a_good_session(insider: Person) -> None:
    refused(insider.signed_in(headers={"Authorization": "Bearer pk-parley-wrong"}).get(ME))


def test_other_authorization_scheme_does_not_end_the_session(insider: Person) -> None:
    assert insider.signed_in(headers={"Authorization": "Basic cHJveHk6cA=="}).get(ME).status_code == 200


def test_key_ends_with_revocation_expiry_or_its_person(insider: Person) -> None:
    client, key = insider.client(), ApiKey.objects.get(user=insider.user)
    assert client.get(ME).status_code == 200
    ApiKey.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    refused(client.get(ME))
    ApiKey.objects.update(expires_at=None)
    insider.user.is_active = False
    insider.user.save()
    refused(client.get(ME))
    refused(insider.signed_in().get(ME))
    insider.user.is_active = True
    insider.user.save()
    revoke_api_key(key=key)
    refused(client.get(ME))


@pytest.mark.parametrize(
    ("scopes", "may_read_content", "may_write"),
    [(("chat",), True, True), (("read",), True, False), (("gateway",), False, False)],
)
def test_scopes_limit_reading_and_writing(
    db: None, scopes: tuple[str, ...], may_read_content: bool, may_write: bool
) -> None:
    client = person("program", scopes=scopes).client()
    read = client.get(ME)
    write = client.post(CONVERSATIONS, {}, content_type="application/json")
    assert (read.status_code, write.status_code) == (
        200 if may_read_content else 403,
        201 if may_write else 403,
    )
    if not may_write:
        assert write.json()["code"] == "missing_scope"
        assert 'scope="chat"' in write["WWW-Authenticate"]


def test_a_session_needs_its_csrf_token_to_change_something(insider: Person) -> None:
    client = insider.signed_in(enforce_csrf_checks=True)
    assert client.get(ME).status_code == 200
    without = client.post(CONVERSATIONS, {}, content_type="application/json")
    assert (without.status_code, without.json()["code"]) == (403, "csrf")
    client.get("/accounts/logout/")  # a page with a form sets the cookie
    token = client.cookies["parley_csrf"].value
    with_token = client.post(
        CONVERSATIONS, {}, content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert with_token.status_code == 201


def test_unauthorized_comes_before_the_csrf_check(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    refused(client.post(CONVERSATIONS, {}, content_type="application/json"))


def test_identity_is_checked_again_later(insider: Person) -> None:
    key = ApiKey.objects.get(user=insider.user)
    by_key = ApiIdentity(insider.user, api_key=key)
    client = insider.signed_in()
    by_session = ApiIdentity(insider.user, session_key=client.session.session_key)
    assert by_key.still_holds()
    assert by_session.still_holds()
    assert not ApiIdentity(insider.user, session_key="a-session-that-never-was").still_holds()
    revoke_api_key(key=key)
    client.logout()
    assert not by_key.still_holds()
    assert not by_session.still_holds()


def test_a_changed_password_ends_a_session(insider: Person) -> None:
    client = insider.signed_in()
    identity = ApiIdentity(insider.user, session_key=client.session.session_key)
    insider.user.set_password("another-long-password")
    insider.user.save()
    assert not identity.still_holds()
