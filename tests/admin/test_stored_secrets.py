"""A secret's field says whether one is stored, since when and by whom, and never shows it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from chat.models import McpServer, ProviderConnection
from tests.admin.world import UPSTREAM_SECRET, World

SECRETS = [
    ("chat_providerconnection", "new_credential"),
    ("chat_mcpserver", "new_credential"),
    ("chat_tooldefinition", "new_secret"),
]


def hint(client: Client, world: World, name: str, field: str) -> str:
    page = client.get(world.url(name, "change"))
    assert UPSTREAM_SECRET not in page.content.decode()
    return str(page.context["adminform"].form.fields[field].help_text)


@pytest.mark.parametrize(("name", "field"), SECRETS)
def test_a_stored_secret_is_mentioned(world: World, root: Client, name: str, field: str) -> None:
    assert hint(root, world, name, field).startswith("A secret is stored. Leave this empty")


@pytest.mark.parametrize("name", ["chat_providerconnection", "chat_mcpserver"])
def test_without_a_secret_nothing_can_be_removed(world: World, root: Client, name: str) -> None:
    page = root.get(world.url(name, "change")).content.decode()
    assert 'name="clear_credential"' in page
    type(world.rows[name]).objects.update(credential="")
    page = root.get(world.url(name, "change")).content.decode()
    assert "A secret is stored" not in page
    assert 'name="clear_credential"' not in page


def server_form(**changes: Any) -> dict[str, Any]:
    form = {"name": "shop", "url": "https://shop.example.test/mcp", "route": "parley", "auth": "bearer"}
    return {**form, "enabled": "on", "new_credential": "", **changes}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_it_names_who_set_it_and_when(
    world: World, root: Client, settings: Any, monkeypatch: Any, language: str
) -> None:
    monkeypatch.setattr("chat.admin.tools.forms.check_url", lambda url: None)
    root.cookies["django_language"] = language
    change = world.url("chat_mcpserver", "change")
    assert root.post(change, server_form(new_credential="another-token-1")).status_code == 302
    assert root.post(change, server_form(name="store")).status_code == 302
    words = hint(root, world, "chat_mcpserver", "new_credential")
    assert "root@example.test" in words
    with translation.override(language):
        assert str(timezone.localdate().year) in words
    root.cookies["django_language"] = "en"
    assert "root@example.test" in hint(root, world, "chat_mcpserver", "new_credential")


def test_other_changes_set_no_secret(world: World, root: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("chat.admin.tools.forms.check_url", lambda url: None)
    assert root.post(world.url("chat_mcpserver", "change"), server_form(name="store")).status_code == 302
    assert "set on" not in hint(root, world, "chat_mcpserver", "new_credential")
    assert McpServer.objects.get().name == "store"


def test_the_maker_of_a_row_set_its_secret(world: World, root: Client) -> None:
    form = {"name": "New", "kind": "compatible", "base_url": "http://127.0.0.1:9", "new_credential": "sk-x"}
    limits = {
        "connect_timeout_seconds": "10",
        "content_idle_seconds": "120",
        "turn_limit_seconds": "1800",
        "max_retries": "3",
        "retry_after_limit_seconds": "60",
        "max_concurrency": "200",
        "order": "100",
    }
    add = reverse("admin:chat_providerconnection_add") + "?kind=compatible"
    answer = root.post(add, {**form, **limits, "credential_env": ""})
    assert answer.status_code == 302, answer.context["errors"]
    made = ProviderConnection.objects.get(name="New")
    page = root.get(reverse("admin:chat_providerconnection_change", args=[made.pk]))
    assert "by root@example.test" in str(page.context["adminform"].form.fields["new_credential"].help_text)
