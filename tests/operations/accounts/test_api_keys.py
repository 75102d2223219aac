"""API keys: shown once, found by digest, revoked at once."""

import datetime as dt

import pytest
from django.utils import timezone

from chat.models import ApiKey, User
from chat.operations.accounts.api_keys import authenticate, create_api_key, revoke_api_key
from chat.operations.errors import OperationError

pytestmark = pytest.mark.django_db


def test_a_key_is_shown_once_and_kept_as_a_digest(insider: User) -> None:
    key, secret = create_api_key(user=insider, name=" bot ", scopes=["read", "chat", "chat"])
    assert secret.startswith("pk-parley-")
    assert (key.name, key.scopes, len(key.digest)) == ("bot", ["chat", "read"], 64)
    columns = ApiKey.objects.values().get()
    assert not any(secret[10:] in str(value) for value in columns.values())
    found = authenticate(secret)
    assert found == key
    assert found.user == insider


@pytest.mark.parametrize(
    ("name", "scopes"), [(" ", ["chat"]), ("bot", []), ("bot", ["admin"]), ("bot", ["chat", ""])]
)
def test_keys_need_a_name_and_known_scopes(insider: User, name: str, scopes: list[str]) -> None:
    with pytest.raises(OperationError) as refused:
        create_api_key(user=insider, name=name, scopes=scopes)
    assert refused.value.code == "invalid"


@pytest.mark.parametrize("secret", ["", "pk-parley-", "pk-parley-wrong", "sk-ant-other", "pk-parley-\ud800"])
def test_other_strings_are_no_key(insider: User, secret: str) -> None:
    create_api_key(user=insider, name="bot", scopes=["chat"])
    assert authenticate(secret) is None


def test_key_ends_with_expiry_revocation_or_its_person(insider: User) -> None:
    now = timezone.now()
    timed, timed_secret = create_api_key(
        user=insider, name="timed", scopes=["chat"], expires_at=now + dt.timedelta(days=1)
    )
    assert authenticate(timed_secret) == timed
    ApiKey.objects.filter(id=timed.id).update(expires_at=now)
    assert authenticate(timed_secret) is None
    key, secret = create_api_key(user=insider, name="revoked", scopes=["chat"])
    revoke_api_key(key=key)
    assert authenticate(secret) is None
    key.refresh_from_db()
    revoked_at = key.revoked_at
    revoke_api_key(key=key)
    key.refresh_from_db()
    assert key.revoked_at == revoked_at
    _key, secret = create_api_key(user=insider, name="orphan", scopes=["chat"])
    User.objects.filter(id=insider.id).update(is_active=False)
    assert authenticate(secret) is None


def test_use_is_recorded_once_a_minute(insider: User, django_assert_num_queries: object) -> None:
    key, secret = create_api_key(user=insider, name="bot", scopes=["chat"])
    authenticate(secret)
    key.refresh_from_db()
    assert key.last_used_at
    with django_assert_num_queries(1):  # type: ignore[operator]
        authenticate(secret)
    ApiKey.objects.filter(id=key.id).update(last_used_at=timezone.now() - dt.timedelta(minutes=2))
    authenticate(secret)
    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < dt.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [(["chat"], {"chat", "read"}), (["read"], {"read"}), (["gateway"], {"gateway"})],
)
def test_writing_includes_reading(insider: User, scopes: list[str], allowed: set[str]) -> None:
    key, _secret = create_api_key(user=insider, name="bot", scopes=scopes)
    assert {scope for scope in ApiKey.Scope.values if key.allows(scope)} == allowed
