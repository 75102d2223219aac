"""A person's own sign-in at an MCP server: begin, finish after the redirect, and sign out."""

import structlog
from asgiref.sync import async_to_sync
from django.utils.translation import gettext as _

from chat import access
from chat.models import McpGrant, McpServer, User
from chat.operations.errors import OperationError
from chat.tools import mcp_auth
from chat.tools.addresses import EgressRefused
from chat.tools.mcp_grants import AuthorizationAnswer, PendingSignIn, SignInFailed

log = structlog.get_logger(__name__)


def begin_sign_in(*, user: User, server: McpServer, redirect_uri: str) -> PendingSignIn:
    """Return the address where this person signs in; the server redirects them to `redirect_uri`.

    Raises:
        OperationError: the server can't be asked, or wants no sign-in.
    """
    try:
        return async_to_sync(mcp_auth.begin_authorization)(server, user.id, redirect_uri)
    except (SignInFailed, EgressRefused) as error:
        raise _failed(server, "begin", error) from None


def finish_sign_in(*, user: User, server: McpServer, redirect_uri: str, answer: AuthorizationAnswer) -> None:
    """Exchange the code of the redirect for tokens, and store them encrypted.

    Raises:
        OperationError: it was not taken.
    """
    try:
        async_to_sync(mcp_auth.finish_authorization)(server, user.id, redirect_uri, answer)
    except SignInFailed as error:
        raise _failed(server, "finish", error) from None


def signed_in(*, user: User, server: McpServer) -> bool:
    grant = McpGrant.objects.filter(user=user, server=server).first()
    return grant is not None and bool(grant.tokens)


def sign_ins(*, user: User) -> list[tuple[McpServer, bool]]:
    """Return the servers of a person by name, and whether they are signed in there.

    Servers that are not offered to them any more are listed while they are signed in (2 queries, without rights).
    """
    grants = McpGrant.objects.filter(user=user).select_related("server")
    held = {grant.server.name: grant.server for grant in grants if grant.tokens}
    offered = {server.name: server for server in access.mcp_servers(user)}
    return [(server, name in held) for name, server in sorted({**held, **offered}.items())]


def sign_out(*, user: User, server: McpServer) -> None:
    """Delete a person's tokens; the session at the server itself is ended there."""
    McpGrant.objects.filter(user=user, server=server).delete()


def _failed(server: McpServer, step: str, error: Exception) -> OperationError:
    log.warning("mcp_sign_in_failed", server=server.name, step=step, error=str(error))
    return OperationError("sign_in", _("The sign-in failed. Try again, or ask your administrator."))
