"""An MCP server whose address changes: grants, tokens and approvals of the old address do not go to the new one."""

import json
from typing import Any

import pytest

from chat.models import McpGrant, McpServer, ToolDefinition, User
from chat.operations.staff.mcp_servers import save_server
from chat.operations.staff.tool_listings import compare
from chat.tools.mcp import has_drifted
from chat.tools.mcp_grants import GrantStorage
from tests.support.mcp_tools import mcp_tool

pytestmark = pytest.mark.django_db
TOKENS = {"token": {"access_token": "t-1"}, "url": "https://shop.example.test/mcp"}


@pytest.fixture
def server(insider: User) -> McpServer:
    made = McpServer(name="shop", url=TOKENS["url"], auth="oauth", credential="for all")
    assert save_server(made) is None
    tool = mcp_tool(made, "add")
    made.save()
    tool.save()
    McpGrant.objects.create(server=made, user=insider, tokens=json.dumps(TOKENS), client="{}")
    return made


@pytest.mark.parametrize(
    ("name", "value", "credential"),
    [
        ("url", "https://elsewhere.example.test/mcp", ""),
        ("auth", "bearer", "for all"),
        ("route", "connector", "for all"),
    ],
)
def test_changed_address_ends_grants_and_approvals(
    name: str, value: str, credential: str, server: McpServer
) -> None:
    setattr(server, name, value)
    assert save_server(server) == 1
    assert not McpGrant.objects.exists()
    stored = McpServer.objects.get()
    assert (stored.listing, stored.listed_at, stored.credential or "") == ([], None, credential)
    tool = ToolDefinition.objects.select_related("server").get()
    assert has_drifted(tool)
    stored.listing = [{"name": "add", "digest": "0" * 64}]
    assert compare(stored).changed == ["add"], (
        "the same definition of another server has to be accepted again"
    )


def test_other_changes_keep_grants_and_approvals(server: McpServer) -> None:
    server.name, server.enabled = "store", False
    assert save_server(server) is None
    assert McpGrant.objects.count() == 1
    assert not has_drifted(ToolDefinition.objects.select_related("server").get())


def test_token_entered_with_the_new_address_is_kept(server: McpServer) -> None:
    server.url, server.credential = "https://elsewhere.example.test/mcp", "new"
    save_server(server)
    assert McpServer.objects.get().credential == "new"


@pytest.mark.parametrize(
    ("url", "kept"), [(TOKENS["url"], True), ("https://elsewhere.example.test/mcp", False)]
)
def test_tokens_are_sent_only_to_their_address(
    url: Any, kept: bool, server: McpServer, insider: User
) -> None:
    """Also where the row was changed in another way, or a refresh was under way meanwhile."""
    McpServer.objects.update(url=url)
    assert bool(GrantStorage(McpServer.objects.get(), insider.id)._read().tokens) == kept
