"""Secrets of tools that no key decrypts: the pages say so, and other changes keep them."""

from typing import Any

from django.test import Client

from chat.models import McpServer, ToolDefinition
from tests.admin.tools.test_definitions import WEBHOOK
from tests.admin.world import UPSTREAM_SECRET, World, form_errors

SERVER = {
    "name": "shop",
    "url": "https://shop.example.test/mcp",
    "route": "parley",
    "auth": "bearer",
    "new_credential": "",
    "enabled": "on",
}


def test_undecryptable_webhook_secret_stays_until_replaced(world: World, root: Client, settings: Any) -> None:
    own, change = settings.FIELD_ENCRYPTION_KEYS, world.url("chat_tooldefinition", "change")
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    assert "can’t be decrypted" in root.get(change).content.decode()
    assert root.post(change, WEBHOOK).status_code == 302
    settings.FIELD_ENCRYPTION_KEYS = own
    kept = ToolDefinition.objects.get(pk=world.rows["chat_tooldefinition"].pk)
    assert (kept.title, kept.secret) == ("Prices", UPSTREAM_SECRET)
    assert "can’t be decrypted" not in root.get(change).content.decode()


def test_undecryptable_server_token_stays_with_its_address(world: World, root: Client, settings: Any) -> None:
    own, change = settings.FIELD_ENCRYPTION_KEYS, world.url("chat_mcpserver", "change")
    settings.FIELD_ENCRYPTION_KEYS = ["another"]
    assert "can’t be decrypted" in root.get(change).content.decode()
    assert root.post(change, {**SERVER, "name": "market"}).status_code == 302
    moved = root.post(change, {**SERVER, "url": "https://elsewhere.example.test/mcp"})
    assert "stored for another address" in form_errors(moved)
    settings.FIELD_ENCRYPTION_KEYS = own
    assert [(row.name, row.credential) for row in McpServer.objects.all()] == [("market", UPSTREAM_SECRET)]
