"""Secrets in columns: which keys decrypt them, and what happens to one that no key decrypts."""

import copy
from typing import Any

import pytest
from django.db import connection
from encrypted_fields.fields import EncryptedTextField

from chat.models import McpGrant, McpServer, ProviderConnection, ToolDefinition
from chat.models.fields import Unreadable, is_kept
from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "sk-upstream-4711"


def column(table: str = "chat_providerconnection", name: str = "credential") -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM {table}")
        return str(cursor.fetchone()[0])


def row(**fields: Any) -> ProviderConnection:
    factories.provider(**{"credential": SECRET, **fields})
    return read()


def read() -> ProviderConnection:
    return ProviderConnection.objects.get()


def test_a_secret_is_encrypted_by_the_first_key_and_read_by_all(settings: Any) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["first"]
    assert row().secret() == SECRET
    by_first = column()
    assert SECRET not in by_first
    settings.FIELD_ENCRYPTION_KEYS = ["second", "first"]
    kept = read()
    assert (kept.secret(), kept.problem()) == (SECRET, "")
    kept.save()
    settings.FIELD_ENCRYPTION_KEYS = ["second"]
    assert (read().secret(), column() == by_first) == (SECRET, False)


def test_secret_key_may_change(settings: Any) -> None:
    row()
    settings.SECRET_KEY = "another-signing-key"
    assert (read().secret(), read().problem()) == (SECRET, "")


def test_values_of_the_old_library_need_the_old_secret_key(settings: Any) -> None:
    signing = settings.SECRET_KEY
    row(credential="")
    old = EncryptedTextField().f.encrypt(SECRET.encode()).decode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE chat_providerconnection SET credential = %s", [old])
    assert read().secret() == SECRET
    settings.SECRET_KEY = "another-signing-key"
    assert isinstance(read().credential, Unreadable)
    settings.SECRET_KEY = signing
    read().save()
    settings.SECRET_KEY = "another-signing-key"
    assert read().secret() == SECRET


@pytest.mark.parametrize("stored", [None, "no token at all", "gAAAA\ud7ff한국"])
def test_undecryptable_value_is_not_used_or_overwritten(settings: Any, stored: str | None) -> None:
    row()
    if stored:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE chat_providerconnection SET credential = %s", [stored])
    own, before = settings.FIELD_ENCRYPTION_KEYS, column()
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    kept = read()
    assert (kept.credential, kept.secret(), is_kept(kept.credential)) == ("", "", True)
    assert "can’t be decrypted" in kept.problem()
    for way in (kept, copy.deepcopy(kept)):
        way.full_clean()
        way.save()
        assert column() == before
    settings.FIELD_ENCRYPTION_KEYS = own
    assert bool(read().problem()) is bool(stored)
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    kept.credential = "sk-new"
    kept.save()
    assert (read().secret(), read().problem()) == ("sk-new", "")


def test_undecryptable_secrets_count_as_missing(settings: Any) -> None:
    server = McpServer.objects.create(
        name="maps", url="https://maps.example.org", auth="bearer", credential=SECRET
    )
    McpGrant.objects.create(server=server, user=factories.person(), tokens="{}", client="{}")
    factories.tool(kind="webhook", url="https://tools.example.org", secret="whsec_" + "A" * 32)
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    grant = McpGrant.objects.get()
    assert not McpServer.objects.get().credential
    assert not ToolDefinition.objects.get().secret
    assert not grant.tokens
    assert not grant.client
    before = column("chat_mcpgrant", "client")
    McpGrant.objects.update_or_create(server=server, user=grant.user, defaults={"tokens": '{"new": 1}'})
    assert column("chat_mcpgrant", "client") == before
    assert McpGrant.objects.get().tokens == '{"new": 1}'
