"""Threads for tools that are ordinary functions: one thread per call, with its own database connections.

A running function can't be stopped from outside. Its daemon thread ends with the process, so a hanging
function neither keeps the process alive nor occupies the thread pool that turns are written through.
"""

import asyncio
import contextvars
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections

R = TypeVar("R")

MAX_THREADS = 16


class ThreadLimit:
    """Limits the functions that run at a time per event loop. An abandoned function counts until it ends."""

    def __init__(self, max_threads: int) -> None:
        self._max_threads = max_threads
        self._of_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    def semaphore(self) -> asyncio.Semaphore:
        """Return the semaphore of the running event loop."""
        return self._of_loop.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._max_threads))


# Separate limits: hanging functions may block other functions, but not what Parley itself reads for every kind of
# tool. Checks wait for a child process, which always ends.
FUNCTIONS, PARLEY, CHECKS = ThreadLimit(MAX_THREADS), ThreadLimit(MAX_THREADS), ThreadLimit(4)


async def in_thread(function: Callable[..., R], *args: Any, limit: ThreadLimit = PARLEY, **kwargs: Any) -> R:
    """Run a function in its own thread and return its result.

    If the waiting task is cancelled, the function runs on.
    """
    loop = asyncio.get_running_loop()
    semaphore = limit.semaphore()
    await semaphore.acquire()
    future: asyncio.Future[R] = loop.create_future()
    context = contextvars.copy_context()

    def finish(value: Any, error: BaseException | None) -> None:
        semaphore.release()
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    def run() -> None:
        value, error = None, None
        try:
            value = context.run(function, *args, **kwargs)
        except BaseException as problem:
            # A future can't hold StopIteration, and SystemExit must not reach the event loop.
            error = problem if isinstance(problem, Exception) else RuntimeError(type(problem).__name__)
            error = RuntimeError("StopIteration") if isinstance(error, StopIteration) else error
        finally:
            connections.close_all()
        try:
            loop.call_soon_threadsafe(finish, value, error)
        except RuntimeError:
            return  # the loop was closed in the meantime

    threading.Thread(target=run, daemon=True, name="tool").start()
    return await future
