"""Rotation of encryption keys: secrets are encrypted anew once, and undecryptable ones are kept."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from chat.models import McpGrant, McpServer, ProviderConnection, encryption
from chat.operations.staff.key_rotation import Renewed, renew_secrets
from tests import factories

pytestmark = pytest.mark.django_db


def test_old_key_may_be_removed_after_renewal(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["old"]
    person, key = factories.person(), generate_totp_secret()
    factories.provider(credential="sk-1")
    factories.provider("Without", credential="")
    server = McpServer.objects.create(name="maps", url="https://maps.example.org", credential="token")
    McpGrant.objects.create(server=server, user=person, tokens='{"a": 1}')
    TOTP.activate(person, key)
    codes = RecoveryCodes.activate(person).get_unused_codes()
    moved = factories.person("colleague")
    Authenticator.objects.create(
        user=moved, type="recovery_codes", data={"migrated_codes": [encryption.encrypt("mfa", "12345678")]}
    )
    settings.FIELD_ENCRYPTION_KEYS = ["new", "old"]
    assert renew_secrets() == Renewed(renewed=6)
    assert renew_secrets() == Renewed()
    settings.FIELD_ENCRYPTION_KEYS = ["new"]
    assert ProviderConnection.objects.get(name="Loopback").secret() == "sk-1"
    assert McpServer.objects.get().credential == "token"
    assert McpGrant.objects.get().tokens == '{"a": 1}'
    factors = {(row.user_id, row.type): row for row in Authenticator.objects.all()}
    assert encryption.decrypt("mfa", factors[person.pk, "totp"].data["secret"]) == key
    assert factors[person.pk, "recovery_codes"].wrap().get_unused_codes() == codes
    assert factors[moved.pk, "recovery_codes"].wrap().get_unused_codes() == ["12345678"]


def test_undecryptable_secrets_are_counted_and_kept(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["lost"]
    factories.provider(credential="sk-1")
    TOTP.activate(factories.person(), generate_totp_secret())
    settings.FIELD_ENCRYPTION_KEYS = ["new"]
    assert renew_secrets() == Renewed(unreadable=2)
    settings.FIELD_ENCRYPTION_KEYS = ["lost"]
    assert ProviderConnection.objects.get().secret() == "sk-1"
    assert renew_secrets() == Renewed()
