"""Imports the Anthropic SDK when it is first needed: the import takes more than a second.

Commands and pages that never call a model don't import it. The server imports it in a thread after its start,
so that no turn waits for it and the event loop is never blocked.
"""

import asyncio
import importlib
from typing import Any

_SDK_MODULES = ("anthropic", "anthropic._vendor.httpx_aiohttp")
_AWS = ("boto3", "botocore.auth", "botocore.eventstream", "botocore.parsers")
_GOOGLE = ("google.auth.transport.requests", "google.oauth2.service_account")
ENTRA = "Microsoft Entra ID"
# Further modules of a platform's client; the SDK would import them on the event loop with the first request.
_PLATFORM_MODULES = {
    "AnthropicAWS": _AWS,
    "AnthropicBedrock": _AWS,
    "AnthropicBedrockMantle": _AWS,
    "AnthropicVertex": _GOOGLE,
    "AnthropicGoogleCloud": _GOOGLE,
    ENTRA: ("azure.identity.aio", "azure.core.pipeline.transport._aiohttp", "azure.core.rest._aiohttp"),
}
_ready: set[str] = set()


def load_sdk(sdk_class: str = "Anthropic") -> None:
    """Import the SDK and the modules that this client, or ENTRA, needs. Repeated calls and threads are safe."""
    for name in (*_SDK_MODULES, *_PLATFORM_MODULES.get(sdk_class, ())):
        importlib.import_module(name)
    if sdk_class == "AnthropicBedrock":
        # Loads a service description of one megabyte, once per process.
        importlib.import_module("anthropic.lib.bedrock._stream_decoder").get_response_stream_shape()
    _ready.add(sdk_class)


async def ensure_loaded(sdk_class: str = "Anthropic") -> None:
    """Import the modules in a thread unless they are imported already."""
    if sdk_class not in _ready:
        await asyncio.to_thread(load_sdk, sdk_class)


def transformed_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema in the form that the API accepts: unsupported keywords move into descriptions.

    Raises:
        ValueError: a part of the schema has no type and nothing equivalent.
    """
    from anthropic import transform_schema

    try:
        return dict(transform_schema(schema))
    except (ValueError, TypeError, AttributeError, AssertionError) as error:
        raise ValueError(
            str(error).splitlines()[0][:300] if str(error) else "it can't be asked for"
        ) from None
