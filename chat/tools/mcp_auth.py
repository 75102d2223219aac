"""Each person's own sign-in at an MCP server: the SDK's OAuth client, cut in two where the person is away.

The SDK runs a sign-in in one piece and waits inside it for the person to come back. Here the waiting may end in
another process: `begin` runs the flow up to the address where the person decides, `finish` runs it again with the
code they came back with. Discovery, registration, PKCE, token exchange and refresh are the SDK's.
The SDK is loaded late, so its subclass is made when it is first needed.
"""

import contextlib
import dataclasses
import functools
import json
import time
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any

from chat.models import McpGrant, McpServer
from chat.tools.addresses import check_url
from chat.tools.result import ToolFailed
from chat.tools.threads import in_thread

if TYPE_CHECKING:
    import httpx2

PROTOCOL = (
    "2025-06-18"  # the first in which a token is asked for one resource; the flow reads it from the request
)
LIMIT_BYTES = 1024 * 1024
SECONDS = 20
KNOCK = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": PROTOCOL,
        "capabilities": {},
        "clientInfo": {"name": "parley", "version": "1"},
    },
}


class SignInNeeded(Exception):
    """The server wants this person to sign in (again)."""


class SignInFailed(Exception):
    """A sign-in could not be begun or finished. The words are for logs, not for people."""


@dataclasses.dataclass(frozen=True, slots=True)
class Begun:
    """Where the person goes, and what has to be known when they come back."""

    url: str
    state: str
    verifier: str


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the person came back with, and the verifier that was made for it."""

    code: str
    verifier: str
    issuer: str | None = None


async def auth_of(server: McpServer, user_id: uuid.UUID | None) -> "httpx2.Auth":
    """Return what signs a person's requests to a server, refreshing and keeping tokens as needed.

    Raises:
        SignInNeeded: this person never signed in there.
    """
    grants = Grants(server.id, user_id)
    kept = await grants.read()
    if not kept.tokens or not kept.client:
        raise SignInNeeded
    redirect_uri = str((kept.client.get("redirect_uris") or ["https://localhost/"])[0])
    auth: httpx2.Auth = _person_auth()(server.url, redirect_uri, grants)
    return auth


async def begin(server: McpServer, user_id: uuid.UUID, redirect_uri: str) -> Begun:
    """Find out where a person signs in, registering Parley there if need be.

    Raises:
        SignInFailed: the server wants no sign-in, or can't be asked.
    """
    grants = Grants(server.id, user_id)
    await grants.forget_client_unless(redirect_uri)
    auth = _person_auth()(server.url, redirect_uri, grants, fresh=True)
    await _knock(server, auth)
    if auth.begun is None:
        raise SignInFailed("the server did not ask for a sign-in")
    begun: Begun = auth.begun
    check_url(begun.url)
    return begun


async def finish(server: McpServer, user_id: uuid.UUID, redirect_uri: str, answer: Answer) -> None:
    """Exchange the code for tokens and keep them.

    Raises:
        SignInFailed: the code was not taken.
    """
    auth = _person_auth()(server.url, redirect_uri, Grants(server.id, user_id), fresh=True, answer=answer)
    await _knock(server, auth)
    if not auth.granted:
        raise SignInFailed("no token was given")


async def token_of(server: McpServer, user_id: uuid.UUID) -> str:
    """Return a person's access token for a server, refreshed if its time is over.

    Raises:
        SignInNeeded: there is none, or none that still holds.
    """
    grants = Grants(server.id, user_id)
    kept = (await grants.read()).tokens
    if (kept.get("expires_at") or time.time() + 1) <= time.time():
        before = kept
        with contextlib.suppress(SignInFailed):
            await _knock(server, await auth_of(server, user_id))
        kept = (await grants.read()).tokens
        kept = {} if kept == before else kept
    if not kept:
        raise SignInNeeded
    return str(kept["token"]["access_token"])


async def _knock(server: McpServer, auth: Any) -> None:
    """Send one request that the server answers with 401, from which the SDK's flow takes its way."""
    from chat.tools import egress

    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": PROTOCOL}
    try:
        check_url(server.url)
        async with (
            egress.client(
                limit_bytes=LIMIT_BYTES, timeout_seconds=SECONDS, auth=auth, headers=headers
            ) as client,
            # Only the flow is of interest, not what the server says at the end of it.
            client.stream("POST", server.url, json=KNOCK),
        ):
            pass
    except SignInNeeded:
        return
    except Exception as error:
        raise SignInFailed(f"{type(error).__module__}.{type(error).__name__}") from error


@dataclasses.dataclass(slots=True)
class Kept:
    """A grant as it is stored: `tokens` {"token", "expires_at", "metadata", "resource"}, `client` as registered."""

    tokens: dict[str, Any]
    client: dict[str, Any]


class Grants:
    """The row of one person at one server, read and written off the event loop. The SDK's TokenStorage."""

    def __init__(self, server_id: uuid.UUID, user_id: uuid.UUID | None) -> None:
        self.key: dict[str, Any] = {"server_id": server_id, "user_id": user_id}
        self.context: Any = None  # the flow's, set by the flow: where tokens can be refreshed

    async def read(self) -> Kept:
        return await in_thread(self._read)

    async def forget_client_unless(self, redirect_uri: str) -> None:
        """Register anew where Parley was known by another address."""
        kept = await self.read()
        if kept.client and redirect_uri not in (kept.client.get("redirect_uris") or []):
            await in_thread(self._write, client="")

    async def get_tokens(self) -> Any:
        from mcp.shared.auth import OAuthToken

        kept = (await self.read()).tokens
        return OAuthToken.model_validate(kept["token"]) if kept else None

    async def set_tokens(self, tokens: Any) -> None:
        told = {
            "token": tokens.model_dump(mode="json", exclude_none=True),
            "expires_at": time.time() + tokens.expires_in if tokens.expires_in else None,
            "metadata": _dumped(self.context.oauth_metadata),
            "resource": _dumped(self.context.protected_resource_metadata),
        }
        await in_thread(self._write, tokens=json.dumps(told))

    async def get_client_info(self) -> Any:
        from mcp.shared.auth import OAuthClientInformationFull

        kept = (await self.read()).client
        return OAuthClientInformationFull.model_validate(kept) if kept else None

    async def set_client_info(self, client_info: Any) -> None:
        told = client_info.model_dump(mode="json", exclude_none=True)
        await in_thread(self._write, client=json.dumps(told))

    def _read(self) -> Kept:
        row = McpGrant.objects.filter(**self.key).first()
        return Kept(
            tokens=json.loads((row and row.tokens) or "{}"), client=json.loads((row and row.client) or "{}")
        )

    def _write(self, **columns: str) -> None:
        McpGrant.objects.update_or_create(**self.key, defaults=columns)


def _dumped(model: Any) -> Any:
    return model.model_dump(mode="json", exclude_none=True) if model is not None else None


@functools.cache
def _person_auth() -> Any:
    from mcp.client.auth import OAuthClientProvider, PKCEParameters
    from mcp.client.auth.utils import validate_authorization_response_iss
    from mcp.shared.auth import OAuthClientMetadata, OAuthMetadata, ProtectedResourceMetadata

    class PersonAuth(OAuthClientProvider):
        """The SDK's flow for one person. Where it would wait for them, it stops with SignInNeeded and `begun`."""

        def __init__(
            self,
            server_url: str,
            redirect_uri: str,
            grants: Grants,
            *,
            fresh: bool = False,
            answer: Answer | None = None,
        ) -> None:
            metadata = OAuthClientMetadata.model_validate(
                {
                    "redirect_uris": [redirect_uri],
                    "client_name": "Parley",
                    "application_type": "web" if redirect_uri.startswith("https:") else "native",
                }
            )
            super().__init__(server_url, metadata, grants, redirect_handler=self._leave)
            grants.context = self.context
            self.grants, self.fresh, self.answer = grants, fresh, answer
            self.begun: Begun | None = None

        @property
        def granted(self) -> bool:
            return self.context.current_tokens is not None

        async def _initialize(self) -> None:
            """Load what is kept; unlike the SDK, also when tokens end and where they are refreshed."""
            await super()._initialize()
            if self.fresh:
                self.context.clear_tokens()
                return
            kept = (await self.grants.read()).tokens
            self.context.token_expiry_time = kept.get("expires_at")
            if kept.get("metadata"):
                self.context.oauth_metadata = OAuthMetadata.model_validate(kept["metadata"])
            if kept.get("resource"):
                self.context.protected_resource_metadata = ProtectedResourceMetadata.model_validate(
                    kept["resource"]
                )

        async def _handle_refresh_response(self, response: "httpx2.Response") -> bool:
            before = self.context.current_tokens
            if await super()._handle_refresh_response(response):
                return True
            # Another call of this person may have refreshed at the same moment, and used the token up.
            await self._initialize()
            after = self.context.current_tokens
            return after is not None and before is not None and after.access_token != before.access_token

        async def _perform_authorization_code_grant(self) -> tuple[str, str]:
            if self.answer is None:
                self.context.callback_handler = _nobody
                return await super()._perform_authorization_code_grant()
            validate_authorization_response_iss(self.answer.issuer, self.context.oauth_metadata)
            return self.answer.code, self.answer.verifier

        async def _leave(self, url: str) -> None:
            """Take the address that the SDK made, with a verifier that can be kept, and stop here."""
            pkce = PKCEParameters.generate()
            parts = urllib.parse.urlsplit(url)
            query = dict(urllib.parse.parse_qsl(parts.query)) | {"code_challenge": pkce.code_challenge}
            address = urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query)))
            self.begun = Begun(address, query["state"], pkce.code_verifier)
            raise SignInNeeded

    return PersonAuth


async def _nobody() -> Any:
    raise SignInFailed("nobody waits here")


def sign_in_words(server: McpServer) -> ToolFailed:
    """What the model is told, so that it can tell the person."""
    return ToolFailed(
        f"The person has to sign in to {server.name} first, at /tools/mcp/{server.name}/connect"
    )
