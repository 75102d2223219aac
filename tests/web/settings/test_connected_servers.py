"""The list of the servers where a person signs in, and signing out there."""

import pytest
from django.test import Client

from chat.models import Assistant, AssistantTool, McpGrant, McpServer, User
from tests.support.mcp_tools import ADD, mcp_tool

SERVERS = "/settings/servers"


@pytest.fixture
def shop(insider: User) -> McpServer:
    """A server whose tool is offered to everyone."""
    server = McpServer.objects.create(name="shop", url="https://shop.example.test/mcp", auth="oauth")
    tool = mcp_tool(server, "add", ADD)
    server.save()
    tool.save()
    AssistantTool.objects.create(assistant=Assistant.objects.create(name="Buyer"), tool=tool)
    return server


def grant(user: User, server: McpServer) -> McpGrant:
    return McpGrant.objects.create(user=user, server=server, tokens='{"access_token": "a"}')


def test_signed_out_people_sign_in_first(db: None, client: Client) -> None:
    for answer in (client.get(SERVERS), client.post(SERVERS, {"server": "shop"})):
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_person_signs_in_and_out(browser: Client, insider: User, shop: McpServer) -> None:
    assert "/tools/mcp/shop/connect" in browser.get(SERVERS).content.decode()
    grant(insider, shop)
    page = browser.get(SERVERS).content.decode()
    assert "Sign out of shop" in page
    assert "access_token" not in page
    assert browser.post(SERVERS, {"server": "shop"}).headers["Location"] == SERVERS
    assert not McpGrant.objects.exists()


def test_a_sign_in_stays_when_its_server_is_not_offered(
    browser: Client, insider: User, shop: McpServer
) -> None:
    grant(insider, shop)
    McpServer.objects.update(enabled=False)
    assert "Sign out of shop" in browser.get(SERVERS).content.decode()
    browser.post(SERVERS, {"server": "shop"})
    assert "No assistant of yours" in browser.get(SERVERS).content.decode()


def test_sign_ins_of_other_people_are_not_found(browser: Client, outsider: User, shop: McpServer) -> None:
    grant(outsider, shop)
    assert "Sign out of shop" not in browser.get(SERVERS).content.decode()
    assert browser.post(SERVERS, {"server": "shop"}).status_code == 404
    assert McpGrant.objects.count() == 1
