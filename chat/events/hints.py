"""Hints to all processes that rows changed. A lost hint only costs time: the rows are the truth."""

import asyncio
import secrets
from contextvars import ContextVar
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = structlog.get_logger(__name__)

HINT_GROUP = "parley.hints"
# The limit for a channel layer that hangs.
HINT_SECONDS = 0.5
_PROCESS = secrets.token_hex(8)
# The event loop that this thread works for: hints are sent from that loop, and the thread waits for none.
home_loop: ContextVar[asyncio.AbstractEventLoop | None] = ContextVar("home_loop", default=None)


def publish(**hint: Any) -> None:
    """Send a hint to all processes, after commit, that rows changed.

    Hints: conversations=[id, …] (title or state changed), turns={id: seq}, stops=[id, …], decided=[id, …] (of turns).
    A lost hint only costs time: viewers and engines also read the rows once a second.
    """
    transaction.on_commit(lambda: send_hint(hint))


def origin(loop: asyncio.AbstractEventLoop | None) -> str:
    """Return the name by which an event loop recognises its own hints; "" for a thread that works for no loop."""
    return f"{_PROCESS}:{id(loop)}" if loop is not None else ""


def send_hint(hint: dict[str, Any]) -> None:
    layer, loop = get_channel_layer(), home_loop.get()
    if layer is None:
        return
    hint = {**hint, "origin": origin(loop)}
    if loop is None:
        async_to_sync(send)(layer, hint)
    elif not loop.is_closed():
        asyncio.run_coroutine_threadsafe(send(layer, hint), loop)


async def send(layer: Any, hint: dict[str, Any]) -> None:
    """Send one hint through the layer; on a failure or a time-out the hint is lost."""
    try:
        async with asyncio.timeout(HINT_SECONDS):
            await layer.group_send(HINT_GROUP, {"type": "hint", **hint})
    except Exception as error:
        log.warning("hint_lost", error=type(error).__name__)
