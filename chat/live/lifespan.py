"""Start and shutdown of a process: the engine starts with the server and shuts down gracefully."""

import asyncio
import contextlib
import gc
import signal
import threading
from typing import Any

from chat.engine import memory
from chat.engine.runtime import engine, stop_engine
from chat.providers import sdk


class Lifespan:
    """Handles the ASGI lifespan protocol and passes all other scopes to the application."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                memory.return_large_blocks()
                memory.share_one_heap()  # there are threads for the database, and one for each request of a page
                engine()
                _drain_on_signals()
                threading.Thread(target=_load, args=(asyncio.get_running_loop(),), daemon=True).start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await stop_engine()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _load(loop: asyncio.AbstractEventLoop) -> None:
    """Import the modules that only turns need, while the first pages are already served."""
    sdk.load_sdk()
    with contextlib.suppress(RuntimeError):  # the server has stopped meanwhile
        loop.call_soon_threadsafe(freeze_loaded_objects)


# Streams create many objects that live for a second. The default threshold of 700 would find them all alive.
GC_THRESHOLDS = (10_000, 20, 10)


def freeze_loaded_objects() -> None:
    """Exclude the half million objects of the loaded code from garbage collection.

    Otherwise a full collection runs only after the number of objects has grown by a quarter, and then visits all of
    them while every stream waits.
    """
    gc.collect()
    memory.return_unused()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.collect()  # the next threshold is counted from here


def _drain_on_signals() -> None:
    """End streams and sockets on the signal to stop: the server waits for them before it sends the shutdown event."""
    loop, current = asyncio.get_running_loop(), engine()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if not callable(before):
            continue

        def handle(number: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(current.drain)
            before(number, frame)

        # Signal handlers can only be set in the main thread; in other threads the server has none.
        with contextlib.suppress(ValueError):
            signal.signal(number, handle)
