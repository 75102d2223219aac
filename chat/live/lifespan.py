"""The process's beginning and end: the engine starts with the server and ends with grace."""

import asyncio
import contextlib
import gc
import signal
import threading
from typing import Any

from chat.engine.runtime import engine, stop_engine
from chat.providers import sdk


class Lifespan:
    """Answers the ASGI lifespan protocol; everything else goes to the application."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                engine()
                _drain_on_signals()
                threading.Thread(target=_load, args=(asyncio.get_running_loop(),), daemon=True).start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await stop_engine()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _load(loop: asyncio.AbstractEventLoop) -> None:
    """Import what only turns need, while the first pages are served already."""
    sdk.load_sdk()
    with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
        loop.call_soon_threadsafe(_set_code_aside)


# Streams make much that lives for a second; looking through the young every 700 objects finds them all alive.
GC_THRESHOLDS = (10_000, 20, 10)


def _set_code_aside() -> None:
    """Keep the collector away from the half million objects of the code itself.

    Else a full collection comes late, for it waits until a quarter as many objects as live are new, and then walks
    through all of them while every stream waits.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.collect()  # now it counts from nearly nothing


def _drain_on_signals() -> None:
    """Let streams and sockets end as soon as the server is told to stop: it waits for them before it says so."""
    loop, current = asyncio.get_running_loop(), engine()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if not callable(before):
            continue

        def handle(number: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(current.drain)
            before(number, frame)

        # Signals belong to the main thread; elsewhere the server has none.
        with contextlib.suppress(ValueError):
            signal.signal(number, handle)
