"""A person's own sign-in at an MCP server: the SDK's OAuth client, split where the person leaves for the server's page.

The SDK runs a sign-in in one piece and waits inside it for the person to return. Here the return may arrive
in another process: `begin_authorization` runs the flow up to the address where the person decides, and
`finish_authorization` runs it again with the code. Discovery, registration, PKCE, token exchange and refresh
are the SDK's. The SDK is imported late, and with it the module of its subclass.
"""

import contextlib
import time
import uuid
from typing import TYPE_CHECKING, Any

from chat.models import McpServer
from chat.tools.addresses import check_url
from chat.tools.mcp_grants import AuthorizationAnswer, GrantStorage, PendingSignIn, SignInFailed, SignInNeeded
from chat.tools.result import ToolFailed

if TYPE_CHECKING:
    import httpx2

    from chat.tools.mcp_flow import PersonAuth

PROTOCOL = (
    "2025-06-18"  # the first in which a token is asked for one resource; the flow reads it from the request
)
LIMIT_BYTES = 1024 * 1024
SECONDS = 20
INITIALIZE_REQUEST = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": PROTOCOL,
        "capabilities": {},
        "clientInfo": {"name": "parley", "version": "1"},
    },
}


async def auth_of(server: McpServer, user_id: uuid.UUID | None) -> "httpx2.Auth":
    """Return the authentication of a person's requests to a server. It refreshes and stores tokens as needed.

    Raises:
        SignInNeeded: this person never signed in there.
    """
    grants = GrantStorage(server, user_id)
    kept = await grants.read()
    if not kept.tokens or not kept.client:
        raise SignInNeeded
    redirect_uri = str((kept.client.get("redirect_uris") or ["https://localhost/"])[0])
    return _flow(server, redirect_uri, grants)


async def begin_authorization(server: McpServer, user_id: uuid.UUID, redirect_uri: str) -> PendingSignIn:
    """Return where a person signs in. Parley is registered at the server if needed.

    Raises:
        SignInFailed: the server requires no sign-in, or can't be asked.
    """
    grants = GrantStorage(server, user_id)
    await grants.forget_client_unless(redirect_uri)
    auth = _flow(server, redirect_uri, grants, fresh=True)
    await _run_flow(server, auth)
    if auth.pending is None:
        raise SignInFailed("the server did not ask for a sign-in")
    check_url(auth.pending.url)
    return auth.pending


async def finish_authorization(
    server: McpServer, user_id: uuid.UUID, redirect_uri: str, answer: AuthorizationAnswer
) -> None:
    """Exchange the code for tokens and store them.

    Raises:
        SignInFailed: the server did not accept the code.
    """
    auth = _flow(server, redirect_uri, GrantStorage(server, user_id), fresh=True, answer=answer)
    await _run_flow(server, auth)
    if not auth.granted:
        raise SignInFailed("no token was given")


async def token_of(server: McpServer, user_id: uuid.UUID) -> str:
    """Return a person's access token for a server, refreshed if it has expired.

    Raises:
        SignInNeeded: there is no valid token.
    """
    grants = GrantStorage(server, user_id)
    kept = (await grants.read()).tokens
    if (kept.get("expires_at") or time.time() + 1) <= time.time():
        before = kept
        with contextlib.suppress(SignInFailed):
            await _run_flow(server, await auth_of(server, user_id))
        kept = (await grants.read()).tokens
        kept = {} if kept == before else kept
    if not kept:
        raise SignInNeeded
    return str(kept["token"]["access_token"])


async def _run_flow(server: McpServer, auth: Any) -> None:
    """Send one request that the server answers with 401, which starts the SDK's flow."""
    from chat.tools import egress

    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": PROTOCOL}
    try:
        check_url(server.url)
        async with (
            egress.guarded_client(
                limit_bytes=LIMIT_BYTES, timeout_seconds=SECONDS, auth=auth, headers=headers
            ) as client,
            # Only the flow matters, not the final response of the server.
            client.stream("POST", server.url, json=INITIALIZE_REQUEST),
        ):
            pass
    except SignInNeeded:
        return
    except Exception as error:
        raise SignInFailed(f"{type(error).__module__}.{type(error).__name__}") from error


def _flow(server: McpServer, redirect_uri: str, grants: GrantStorage, **options: Any) -> "PersonAuth":
    from chat.tools.mcp_flow import PersonAuth

    return PersonAuth(server.url, redirect_uri, grants, **options)


def sign_in_failure(server: McpServer) -> ToolFailed:
    """Return the failure that tells the model where the person has to sign in."""
    return ToolFailed(
        f"The person has to sign in to {server.name} first, at /tools/mcp/{server.name}/connect"
    )
