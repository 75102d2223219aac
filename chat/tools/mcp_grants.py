"""Stores each person's sign-in at an MCP server, encrypted: the SDK's token storage in one row.

Also the values of a sign-in: where a person goes, what they return with, and how it fails.
"""

import dataclasses
import json
import time
import uuid
from typing import Any

from chat.models import McpGrant, McpServer
from chat.tools.threads import in_thread


class SignInNeeded(Exception):
    """The server requires this person to sign in (again)."""


class SignInFailed(Exception):
    """A sign-in could not be started or finished. The message is for logs, not for people."""


@dataclasses.dataclass(frozen=True, slots=True)
class PendingSignIn:
    """The address for the person, and the values needed when they return."""

    url: str
    state: str
    verifier: str


@dataclasses.dataclass(frozen=True, slots=True)
class AuthorizationAnswer:
    """The code that the person returned with, and the verifier that was made for it."""

    code: str
    verifier: str
    issuer: str | None = None


@dataclasses.dataclass(slots=True)
class StoredGrant:
    """A grant as stored: `tokens` {"token", "expires_at", "metadata", "resource", "url"}, `client` as registered."""

    tokens: dict[str, Any]
    client: dict[str, Any]


class GrantStorage:
    """The row of one person at one server, accessed off the event loop. It implements the SDK's TokenStorage.

    Tokens are valid only for the address at which they were issued, even if the server's row has changed
    since.
    """

    def __init__(self, server: McpServer, user_id: uuid.UUID | None) -> None:
        self.key: dict[str, Any] = {"server_id": server.id, "user_id": user_id}
        self.url = server.url
        self.context: Any = None  # the flow's context, set by the flow; it has the refresh endpoint

    async def read(self) -> StoredGrant:
        """Return the stored grant; both parts are empty without a row."""
        return await in_thread(self._read)

    async def forget_client_unless(self, redirect_uri: str) -> None:
        """Delete the registration if it was made for another redirect address, so that the flow registers again."""
        kept = await self.read()
        if kept.client and redirect_uri not in (kept.client.get("redirect_uris") or []):
            await in_thread(self._write, client="")

    async def get_tokens(self) -> Any:
        from mcp.shared.auth import OAuthToken

        kept = (await self.read()).tokens
        return OAuthToken.model_validate(kept["token"]) if kept else None

    async def set_tokens(self, tokens: Any) -> None:
        """Store new tokens with the discovered metadata, which a later refresh needs."""
        stored = {
            "token": tokens.model_dump(mode="json", exclude_none=True),
            "expires_at": time.time() + tokens.expires_in if tokens.expires_in else None,
            "metadata": _dumped(self.context.oauth_metadata),
            "resource": _dumped(self.context.protected_resource_metadata),
            "url": self.url,
        }
        await in_thread(self._write, tokens=json.dumps(stored))

    async def get_client_info(self) -> Any:
        from mcp.shared.auth import OAuthClientInformationFull

        kept = (await self.read()).client
        return OAuthClientInformationFull.model_validate(kept) if kept else None

    async def set_client_info(self, client_info: Any) -> None:
        stored = client_info.model_dump(mode="json", exclude_none=True)
        await in_thread(self._write, client=json.dumps(stored))

    def _read(self) -> StoredGrant:
        row = McpGrant.objects.filter(**self.key).first()
        tokens = json.loads((row and row.tokens) or "{}")
        if tokens.get("url", self.url) != self.url:
            tokens = {}
        return StoredGrant(tokens=tokens, client=json.loads((row and row.client) or "{}"))

    def _write(self, **columns: str) -> None:
        McpGrant.objects.update_or_create(**self.key, defaults=columns)


def _dumped(model: Any) -> Any:
    return model.model_dump(mode="json", exclude_none=True) if model is not None else None
