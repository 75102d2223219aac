"""Addresses of connections in the admin: who may choose where a variable is sent, and what is kept of an address."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from chat.models import ProviderConnection
from tests.admin.models.test_connections import FORM, save, stored
from tests.admin.world import World, form_errors

NAMED = {"clear_credential": "on", "credential_env": "UPSTREAM_API_KEY"}
ONLY = "Only a superuser"


@pytest.fixture
def ops(world: World, staff: Client) -> Client:
    """Staff who may add and change connections, and nothing else."""
    rights = ("view_providerconnection", "add_providerconnection", "change_providerconnection")
    world.staff.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return staff


@pytest.fixture
def named(world: World, root: Client) -> ProviderConnection:
    """A connection whose credential is a variable of the environment."""
    assert save(root, world, **NAMED).status_code == 302
    return stored()


def test_variable_stays_at_its_address(world: World, ops: Client, named: ProviderConnection) -> None:
    kept = {"credential_env": "UPSTREAM_API_KEY"}
    assert save(ops, world, **kept, name="Renamed").status_code == 302
    assert ONLY in form_errors(save(ops, world, **kept, base_url="http://127.0.0.1:10"))
    assert ONLY in form_errors(save(ops, world, credential_env="OTHER_API_KEY"))
    assert (stored().base_url, stored().credential_env) == (named.base_url, "UPSTREAM_API_KEY")


def test_superuser_moves_a_variable(world: World, root: Client, named: ProviderConnection) -> None:
    changes = {"credential_env": "UPSTREAM_API_KEY", "base_url": "http://127.0.0.1:10"}
    assert save(root, world, **changes).status_code == 302
    assert stored().base_url == "http://127.0.0.1:10"


@pytest.mark.parametrize(
    ("kind", "place", "saved"),
    [
        ("compatible", {"base_url": "http://127.0.0.1:10"}, False),
        ("anthropic", {"base_url": "http://127.0.0.1:10"}, False),
        ("anthropic", {"base_url": ""}, True),
        ("foundry", {"base_url": "", "resource": "somewhere"}, False),
    ],
)
def test_new_connection_names_no_variable_elsewhere(
    world: World, ops: Client, kind: str, place: dict[str, str], saved: bool
) -> None:
    fields = {**FORM, "name": "New", "kind": kind, "credential_env": "UPSTREAM_API_KEY", **place}
    address = world.url("chat_providerconnection", "add") + f"?kind={kind}"
    refused = ops.post(address, fields)
    assert (refused.status_code == 302) == saved
    assert saved or ONLY in form_errors(refused)
    assert ProviderConnection.objects.filter(name="New").exists() == saved


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/messages"])
def test_endpoint_is_shortened_and_told(world: World, root: Client, path: str) -> None:
    answer = save(root, world, base_url=f"http://127.0.0.1:9{path}", name="Renamed")
    assert answer.status_code == 302, "the same address: the credential is not asked for again"
    assert stored().base_url == "http://127.0.0.1:9"
    told = [str(message) for message in get_messages(answer.wsgi_request)]
    assert any("saved as http://127.0.0.1:9." in message for message in told)


def test_row_with_the_endpoint_keeps_its_credential(world: World, root: Client) -> None:
    ProviderConnection.objects.update(base_url="http://127.0.0.1:9/v1")
    assert save(root, world).status_code == 302
    assert stored().base_url == "http://127.0.0.1:9"
    assert "again" in form_errors(save(root, world, base_url="http://127.0.0.1:9/other"))


@pytest.mark.parametrize(
    ("kind", "typed", "used"),
    [
        ("anthropic", "https://example.org/v1", "https://example.org"),
        (
            "foundry",
            "https://example.org/anthropic/v1/messages?api-version=1",
            "https://example.org/anthropic",
        ),
        ("local", "http://127.0.0.1:9/", "http://127.0.0.1:9/"),
        ("compatible", "https://example.org/v1beta", "https://example.org/v1beta"),
        ("compatible", "https://example.org/v1/models", "https://example.org"),
        ("vertex", "https://example.org/v1", "https://example.org/v1"),
        ("google_cloud", "https://example.org/v1", "https://example.org/v1"),
        ("bedrock", "https://example.org/v1", "https://example.org/v1"),
    ],
)
def test_only_the_path_of_the_sdk_is_removed(kind: str, typed: str, used: str) -> None:
    assert ProviderConnection(kind=kind, base_url=typed).address() == used


def test_refused_breakpoints_are_shown_and_forgotten(world: World, root: Client) -> None:
    ProviderConnection.objects.update(cache_control_refused_at=timezone.now())
    pages = (world.url("chat_providerconnection"), world.url("chat_providerconnection", "change"))
    for page in pages:
        assert "refused cache breakpoints" in root.get(page).content.decode()
    ProviderConnection.objects.update(cache_control_refused_at=timezone.now() - dt.timedelta(days=2))
    for page in pages:
        assert "refused cache breakpoints" not in root.get(page).content.decode()


def test_switching_breakpoints_forgets_a_refusal(world: World, root: Client) -> None:
    ProviderConnection.objects.update(cache_control_refused_at=timezone.now(), sends_cache_control=False)
    changes: dict[str, Any] = {"sends_cache_control": "on"}
    assert save(root, world, **changes).status_code == 302
    assert stored().takes_cache_control
