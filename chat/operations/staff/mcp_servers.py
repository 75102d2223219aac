"""Changing an MCP server. What was entrusted to one place does not follow the row to another."""

from django.db import transaction

from chat.models import McpGrant, McpServer

PLACE = ("url", "route", "auth")


@transaction.atomic
def save_server(server: McpServer) -> int | None:
    """Save a server as staff changed it; returns how many sign-ins ended, None where it stays in its place.

    With another address, another way of signing in, or somebody else who calls it, people's tokens and what was
    accepted of the old one are forgotten. So is a token for all that was stored for another address.
    """
    stored = McpServer.objects.select_for_update().filter(pk=server.pk).first()
    if stored is None or all(getattr(stored, name) == getattr(server, name) for name in PLACE):
        server.save()
        return None
    if server.url != stored.url and server.credential == stored.credential:
        server.credential = ""
    server.listing, server.listed_at = [], None
    server.save()
    server.tools.update(pinned_digest="")
    ended, _kinds = McpGrant.objects.filter(server=server).delete()
    return ended
