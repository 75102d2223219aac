"""The Anthropic SDK, loaded when it is first needed: importing it takes more than a second.

Commands and pages that never call a model don't pay for it. The server loads it in a thread as soon as it has
started, so that no turn waits for it and the event loop is never held up.
"""

import asyncio
import importlib
from typing import Any

_SDK_MODULES = ("anthropic", "anthropic._vendor.httpx_aiohttp")
_AWS = ("boto3", "botocore.auth", "botocore.eventstream", "botocore.parsers")
_GOOGLE = ("google.auth.transport.requests", "google.oauth2.service_account")
ENTRA = "Microsoft Entra ID"
# What the client of a platform needs besides; the SDK imports it with the first request, on the event loop.
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
    """Import the SDK and what this client, or ENTRA, needs; harmless to repeat, and from several threads."""
    for name in (*_SDK_MODULES, *_PLATFORM_MODULES.get(sdk_class, ())):
        importlib.import_module(name)
    if sdk_class == "AnthropicBedrock":
        # Reads a description of one megabyte, once per process.
        importlib.import_module("anthropic.lib.bedrock._stream_decoder").get_response_stream_shape()
    _ready.add(sdk_class)


async def ensure_loaded(sdk_class: str = "Anthropic") -> None:
    """Return when all of it is imported, without holding up the loop."""
    if sdk_class not in _ready:
        await asyncio.to_thread(load_sdk, sdk_class)


def transformed_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Give a JSON Schema as the API takes it: keywords that it does not know move into descriptions.

    Raises:
        ValueError: a part of the schema says neither a type nor what stands for one.
    """
    from anthropic import transform_schema

    try:
        return dict(transform_schema(schema))
    except (ValueError, TypeError, AttributeError, AssertionError) as error:
        raise ValueError(
            str(error).splitlines()[0][:300] if str(error) else "it can't be asked for"
        ) from None
