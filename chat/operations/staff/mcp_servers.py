"""Changes of an MCP server. Tokens for one address are not sent to another one."""

from django.db import transaction

from chat.models import McpGrant, McpServer

PLACE = ("url", "route", "auth")


@transaction.atomic
def save_server(server: McpServer) -> int | None:
    """Save a server as staff changed it; return how many sign-ins ended, None if address, sign-in and route stay.

    With another address, way of signing in, or route, people's tokens and the acceptance of tools are deleted. A
    shared token is deleted with another address.
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
