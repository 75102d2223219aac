"""Tokens of Microsoft Entra ID for Foundry: of a service principal, or of this machine's managed or workload identity.

azure-identity asks for them, keeps them in memory and renews them. No developer's sign-in and, for a service principal,
no variable is looked at. It is loaded with the first such connection: importing it takes half a second and 20 MB.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from chat.models import ProviderConnection
from chat.models.credentials import ServicePrincipal
from chat.models.platforms import Entrance

# As in the provider's page on Foundry; the older https://cognitiveservices.azure.com is not taken everywhere.
SCOPE = "https://ai.azure.com/.default"
AUTHORITY = "https://login.microsoftonline.com"
# Retries are the engine's, and a turn does not wait minutes for a sign-in.
_OPTIONS: dict[str, Any] = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 20}


def uses_entra(connection: ProviderConnection) -> bool:
    """Say whether this connection sends tokens of Entra ID, and no key."""
    known = Entrance.SERVICE_PRINCIPAL in connection.platform.entrances
    return known and (connection.ambient or connection.secret().startswith("{"))


def asynchronous_client(made: Any, arguments: dict[str, Any], principal: ServicePrincipal | None) -> Any:
    """Make the SDK's asynchronous client; its tokens, and what asks for them, live as long as it."""
    from azure.identity import aio

    if principal is None:
        credential: Any = aio.ManagedIdentityCredential(client_id=_managed_identity_id(), **_OPTIONS)
    else:
        credential = aio.ClientSecretCredential(
            *_secret_arguments(principal), authority=AUTHORITY, **_OPTIONS
        )
    client = made(**arguments, azure_ad_token_provider=aio.get_bearer_token_provider(credential, SCOPE))
    client.credentials = credential  # what stands here is closed together with the client
    return client


def synchronous_client(made: Any, arguments: dict[str, Any], principal: ServicePrincipal | None) -> Any:
    """Make the SDK's synchronous client, with tokens that all of this process's clients for jobs share."""
    return made(**arguments, azure_ad_token_provider=_shared_tokens(principal))


@functools.lru_cache(maxsize=32)
def _shared_tokens(principal: ServicePrincipal | None) -> Callable[[], str]:
    import azure.identity

    if principal is None:
        credential: Any = azure.identity.ManagedIdentityCredential(
            client_id=_managed_identity_id(), **_OPTIONS
        )
    else:
        credential = azure.identity.ClientSecretCredential(
            *_secret_arguments(principal), authority=AUTHORITY, disable_instance_discovery=True, **_OPTIONS
        )
        # It has no argument for this, and reads it from a variable of the machine.
        credential._regional_authority = None
    return azure.identity.get_bearer_token_provider(credential, SCOPE)


def _secret_arguments(principal: ServicePrincipal) -> tuple[str, str, str]:
    return principal.tenant_id, principal.client_id, principal.client_secret


def _managed_identity_id() -> str | None:
    """Return which of several identities this machine uses, by the variable that Azure has for it."""
    return os.environ.get("AZURE_CLIENT_ID") or None
