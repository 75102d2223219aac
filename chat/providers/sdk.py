"""The Anthropic SDK, loaded when it is first needed: importing it takes more than a second.

Commands and pages that never call a model don't pay for it. The server loads it in a thread as soon as it has
started, so that no turn waits for it and the event loop is never held up.
"""

import asyncio
import importlib
import sys
from typing import Any

_PARTS = ("anthropic", "anthropic._vendor.httpx_aiohttp")


def load() -> None:
    """Import the SDK; harmless to repeat, and from several threads."""
    for name in _PARTS:
        importlib.import_module(name)


async def loaded() -> None:
    """Return when the SDK is imported, without holding up the loop."""
    if "anthropic" not in sys.modules or getattr(sys.modules["anthropic"].__spec__, "_initializing", False):
        await asyncio.to_thread(load)


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
