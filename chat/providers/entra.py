"""Tokens of Microsoft Entra ID for Foundry: of a service principal, or of this machine's managed or workload identity.

azure-identity requests them, keeps them in memory and renews them. A developer's sign-in is never used, and
for a service principal no environment variable either. The library is imported with the first such
connection, because that takes half a second and 20 MB.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

from chat.models import ProviderConnection
from chat.models.catalogue.credentials import ServicePrincipal
from chat.models.catalogue.platforms import Entrance

# From the provider's page on Foundry; the older https://cognitiveservices.azure.com is not accepted everywhere.
SCOPE = "https://ai.azure.com/.default"
AUTHORITY = "https://login.microsoftonline.com"
# The engine retries, and a turn must not wait minutes for a sign-in.
_OPTIONS: dict[str, Any] = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 20}


def uses_entra(connection: ProviderConnection) -> bool:
    """Return whether this connection sends tokens of Entra ID instead of a key."""
    known = Entrance.SERVICE_PRINCIPAL in connection.platform.entrances
    return known and (connection.ambient or connection.secret().startswith("{"))


def asynchronous_client(made: Any, arguments: dict[str, Any], principal: ServicePrincipal | None) -> Any:
    """Return the SDK's asynchronous client. Its tokens and their source live as long as the client."""
    from azure.identity import aio

    if principal is None:
        credential: Any = aio.ManagedIdentityCredential(client_id=_managed_identity_id(), **_OPTIONS)
    else:
        credential = aio.ClientSecretCredential(
            *_secret_arguments(principal), authority=AUTHORITY, **_OPTIONS
        )
    client = made(**arguments, azure_ad_token_provider=aio.get_bearer_token_provider(credential, SCOPE))
    client.credentials = credential  # closed together with the client
    return client


def synchronous_client(made: Any, arguments: dict[str, Any], principal: ServicePrincipal | None) -> Any:
    """Return the SDK's synchronous client. All such clients of this process share their tokens."""
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
        # There is no argument for this: it would be read from an environment variable.
        credential._regional_authority = None
    return azure.identity.get_bearer_token_provider(credential, SCOPE)


def _secret_arguments(principal: ServicePrincipal) -> tuple[str, str, str]:
    return principal.tenant_id, principal.client_id, principal.client_secret


def _managed_identity_id() -> str | None:
    """Return which of several identities this machine uses, from Azure's own environment variable."""
    return os.environ.get("AZURE_CLIENT_ID") or None
