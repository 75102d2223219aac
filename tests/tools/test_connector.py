"""The server entries with which the provider calls MCP servers: by route, by token, by person."""

import asyncio
import json
import time
from typing import Any

import pytest
from django.conf import settings as django_settings

from chat.models import LanguageModel, McpGrant, McpServer, ProviderConnection
from chat.tools.connector import ReachableServers, reachable_servers
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server() -> McpServer:
    return McpServer.objects.create(name="shop", url="https://shop.example.test/mcp", route="connector")


def reached(server: McpServer, *, user: Any = None, **fields: Any) -> ReachableServers:
    for name, value in fields.items():
        setattr(server, name, value)
    server.save()
    return asyncio.run(reachable_servers(["shop"], user.id if user else None, connection=OWN_ADDRESS))


OWN_ADDRESS = ProviderConnection(kind="anthropic")
GONE = ReachableServers([], ["shop"])


def test_servers_without_personal_sign_in(server: McpServer) -> None:
    entry = {"type": "url", "name": "shop", "url": server.url}
    assert reached(server) == ReachableServers([entry], [])
    assert reached(server, auth="bearer") == GONE, "no token, no server"
    assert reached(server, credential="t-1") == ReachableServers(
        [{**entry, "authorization_token": "t-1"}], []
    )
    assert reached(server, route="parley") == GONE
    assert reached(server, route="connector", enabled=False) == GONE
    renamed = asyncio.run(reachable_servers(["renamed"], None, connection=OWN_ADDRESS))
    assert renamed == ReachableServers([], ["renamed"])


def test_each_person_has_a_token_of_their_own(server: McpServer) -> None:
    insider, colleague = factories.person("insider"), factories.person("colleague")
    kept = {"token": {"access_token": "mine", "token_type": "Bearer"}, "expires_at": None}
    grant = McpGrant.objects.create(server=server, user=insider, tokens=json.dumps(kept))
    (entry,) = reached(server, auth="oauth", user=insider).servers
    assert entry["authorization_token"] == "mine"
    assert reached(server, user=colleague) == reached(server) == GONE
    grant.tokens = json.dumps({**kept, "expires_at": time.time() - 1})
    grant.save()
    assert reached(server, user=insider) == GONE, "nothing there renews it"


@pytest.mark.parametrize(
    ("fields", "listed", "named"),
    [
        ({"kind": "anthropic"}, [], True),
        ({"kind": "anthropic", "base_url": "https://claude.example.org/v1"}, [], False),
        ({"kind": "compatible", "base_url": "http://127.0.0.1:9"}, [], False),
        ({"kind": "simulator", "base_url": "http://127.0.0.1:9/simulator"}, [], False),
        ({"kind": "simulator", "base_url": f"{django_settings.OWN_URL}/simulator"}, [], True),
        ({"kind": "anthropic", "base_url": "https://Claude.example.org"}, ["claude.example.org"], True),
        ({"kind": "aws", "base_url": "https://claude.example.org:8443"}, ["claude.example.org:8443"], True),
        ({"kind": "aws", "base_url": "https://claude.example.org:8443"}, ["claude.example.org:9"], False),
        ({"kind": "anthropic", "base_url": "https://claude.example.org.evil"}, ["claude.example.org"], False),
    ],
)
def test_tokens_go_to_known_addresses_only(
    server: McpServer, settings: Any, fields: dict[str, str], listed: list[str], named: bool
) -> None:
    settings.MCP_CONNECTOR_HOSTS = listed
    server.auth, server.credential = "bearer", "t-1"
    server.save()
    connection = ProviderConnection(**fields)
    found = asyncio.run(reachable_servers(["shop"], None, connection=connection))
    assert bool(found.servers) == named
    assert found.missing == ([] if named else ["shop"])
    model = LanguageModel(connection=connection, capabilities={"mcp_connector": {"supported": True}})
    assert model.supports.mcp_connector == named
