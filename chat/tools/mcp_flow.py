"""The SDK's OAuth flow for one person, split where the person leaves.

This module imports the SDK, so it is itself imported late.
"""

import urllib.parse
from typing import Any

import httpx2
from mcp.client.auth import OAuthClientProvider, PKCEParameters
from mcp.client.auth.utils import validate_authorization_response_iss
from mcp.shared.auth import OAuthClientMetadata, OAuthMetadata, ProtectedResourceMetadata

from chat.tools.mcp_grants import AuthorizationAnswer, GrantStorage, PendingSignIn, SignInFailed, SignInNeeded


class PersonAuth(OAuthClientProvider):
    """The SDK's flow for one person. Instead of waiting for the person it raises SignInNeeded and sets `pending`."""

    def __init__(
        self,
        server_url: str,
        redirect_uri: str,
        grants: GrantStorage,
        *,
        fresh: bool = False,
        answer: AuthorizationAnswer | None = None,
    ) -> None:
        metadata = OAuthClientMetadata.model_validate(
            {
                "redirect_uris": [redirect_uri],
                "client_name": "Parley",
                "application_type": "web" if redirect_uri.startswith("https:") else "native",
            }
        )
        super().__init__(server_url, metadata, grants, redirect_handler=self._stop_at_redirect)
        grants.context = self.context
        self.grants, self.fresh, self.answer = grants, fresh, answer
        self.pending: PendingSignIn | None = None

    @property
    def granted(self) -> bool:
        return self.context.current_tokens is not None

    async def _initialize(self) -> None:
        """Load the stored grant; unlike the SDK's own method, with the expiry of tokens and the refresh endpoint."""
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

    async def _handle_refresh_response(self, response: httpx2.Response) -> bool:
        before = self.context.current_tokens
        if await super()._handle_refresh_response(response):
            return True
        # Another call of this person may have refreshed at the same time and used up the refresh token.
        await self._initialize()
        after = self.context.current_tokens
        return after is not None and before is not None and after.access_token != before.access_token

    async def _perform_authorization_code_grant(self) -> tuple[str, str]:
        if self.answer is None:
            self.context.callback_handler = _no_callback
            return await super()._perform_authorization_code_grant()
        validate_authorization_response_iss(self.answer.issuer, self.context.oauth_metadata)
        return self.answer.code, self.answer.verifier

    async def _stop_at_redirect(self, url: str) -> None:
        """Store the address that the SDK made, with a verifier that can be kept, and stop the flow."""
        pkce = PKCEParameters.generate()
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query)) | {"code_challenge": pkce.code_challenge}
        address = urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query)))
        self.pending = PendingSignIn(address, query["state"], pkce.code_verifier)
        raise SignInNeeded


async def _no_callback() -> Any:
    raise SignInFailed("no callback is possible here")
