"""Makes the SDK's client of each kind of connection, with address, settings and credential given explicitly.

The SDK fills missing arguments from the process's environment and from profiles in the home folder. None are
missing here, so no stray variable or profile decides where a request goes or who pays. Only a connection
configured to use the identity of this machine lets the SDK look there.
"""

from __future__ import annotations

from typing import Any

from chat.models import ProviderConnection
from chat.models.catalogue.credentials import (
    ApiKeyCredential,
    AwsKeys,
    Credential,
    ServiceAccount,
    ServicePrincipal,
)
from chat.providers import bedrock_version, entra

GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# The SDK's constructor requires a way to sign in; this value is replaced before the first request.
_PLACEHOLDER_KEY = "unused"


def make_client(connection: ProviderConnection, *, asynchronous: bool, **options: Any) -> Any:
    """Return the SDK's client of this connection; `options` are timeouts, headers and transport.

    Raises:
        CredentialProblem: the credential does not have a form that this kind accepts.
    """
    import anthropic

    platform = connection.platform
    made = getattr(anthropic, f"{'Async' if asynchronous else ''}{platform.sdk_class}")
    credential = connection.read_credential()
    arguments = {
        "base_url": connection.address(),
        "max_retries": 0,
        "open_telemetry": False,
        **_settings(connection),
        **options,
    }
    if platform.sdk_class == "AnthropicBedrock":
        return _bedrock(made, arguments, credential, asynchronous=asynchronous)
    if isinstance(credential, ServicePrincipal) or (credential is None and entra.uses_entra(connection)):
        client = entra.asynchronous_client if asynchronous else entra.synchronous_client
        return client(made, arguments, credential)
    return made(**arguments, **_credential_arguments(credential))


def _settings(connection: ProviderConnection) -> dict[str, Any]:
    match connection.platform.sdk_class:
        case "AnthropicAWS":
            return {"aws_region": connection.region, "workspace_id": connection.workspace}
        case "AnthropicBedrock" | "AnthropicBedrockMantle":
            return {"aws_region": connection.region}
        case "AnthropicVertex":
            return {"region": connection.region, "project_id": connection.project}
        case "AnthropicGoogleCloud":
            location = connection.region or connection.platform.default_region
            return {"project": connection.project, "workspace_id": connection.workspace, "location": location}
    return {}


def _credential_arguments(credential: Credential | None) -> dict[str, Any]:
    match credential:
        case ApiKeyCredential(key):
            return {"api_key": key}
        case AwsKeys(access_key_id, secret_access_key, session_token):
            return {
                "aws_access_key": access_key_id,
                "aws_secret_key": secret_access_key,
                "aws_session_token": session_token,
            }
        case ServiceAccount(info):
            from google.oauth2.service_account import Credentials

            made = Credentials.from_service_account_info(info, scopes=[GOOGLE_SCOPE])  # type: ignore[no-untyped-call]
            return {"credentials": made}
    return {}


def _bedrock(
    made: Any, arguments: dict[str, Any], credential: Credential | None, *, asynchronous: bool
) -> Any:
    """Return the Bedrock client.

    The SDK's client refuses AWS keys while AWS_BEARER_TOKEN_BEDROCK is set, and would use that key for
    another account.
    """
    arguments["middleware"] = [
        bedrock_version.async_middleware if asynchronous else bedrock_version.sync_middleware
    ]
    if not isinstance(credential, AwsKeys):
        return made(**arguments, **_credential_arguments(credential))
    client = made(**arguments, api_key=_PLACEHOLDER_KEY)
    client.api_key = None
    for name, value in _credential_arguments(credential).items():
        setattr(client, name, value)
    return client
