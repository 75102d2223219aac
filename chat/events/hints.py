"""Hints to every process that rows advanced. Losing one loses nothing: the rows are the truth."""

import asyncio
from contextvars import ContextVar
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = structlog.get_logger(__name__)


HINT_GROUP = "parley.hints"


# A channel layer that hangs must hold nothing up.
HINT_SECONDS = 0.5


# The event loop that this thread does a piece of work for: hints leave from there, and the thread waits for none.
home_loop: ContextVar[asyncio.AbstractEventLoop | None] = ContextVar("home_loop", default=None)


def publish(**hint: Any) -> None:
    """Tell every process, after commit, that rows advanced; the rows themselves are the truth.

    Hints: conversations=[id, …] (title or state changed), turns={id: seq}, stops=[id, …], decided=[id, …] (of turns).
    Losing a hint loses nothing: viewers and engines also look at the rows once a second.
    """
    transaction.on_commit(lambda: send_hint(hint))


def send_hint(hint: dict[str, Any]) -> None:
    layer, loop = get_channel_layer(), home_loop.get()
    if layer is None:
        return
    if loop is None:
        async_to_sync(send)(layer, hint)
    elif not loop.is_closed():
        asyncio.run_coroutine_threadsafe(send(layer, hint), loop)


async def send(layer: Any, hint: dict[str, Any]) -> None:
    """Send one hint through the layer; a failure or a hang only loses it."""
    try:
        async with asyncio.timeout(HINT_SECONDS):
            await layer.group_send(HINT_GROUP, {"type": "hint", **hint})
    except Exception as error:
        log.warning("hint_lost", error=type(error).__name__)
