"""Threads for tools that are ordinary functions: each call its own, with database connections of its own.

A function can't be stopped from outside. It gets a thread that ends with the process, so that one that hangs
neither keeps the process from ending nor takes a place in the pool that turns are written through.
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
    """So many functions at a time in one loop; one that was left behind keeps its place until it ends."""

    def __init__(self, max_threads: int) -> None:
        self._max_threads = max_threads
        self._of_loop: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            weakref.WeakKeyDictionary()
        )

    def semaphore(self) -> asyncio.Semaphore:
        return self._of_loop.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._max_threads))


# Apart from each other: functions that hang may stop other functions, but not what Parley itself has to read for every
# kind of tool. Those that wait for a child process end by themselves.
FUNCTIONS, PARLEY, CHECKS = ThreadLimit(MAX_THREADS), ThreadLimit(MAX_THREADS), ThreadLimit(4)


async def in_thread(function: Callable[..., R], *args: Any, limit: ThreadLimit = PARLEY, **kwargs: Any) -> R:
    """Run a function in a thread of its own and wait for it; whoever stops waiting leaves it behind."""
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
            # StopIteration can't be put into a future, and SystemExit must not end up in the loop.
            error = problem if isinstance(problem, Exception) else RuntimeError(type(problem).__name__)
            error = RuntimeError("StopIteration") if isinstance(error, StopIteration) else error
        finally:
            connections.close_all()
        try:
            loop.call_soon_threadsafe(finish, value, error)
        except RuntimeError:
            return  # the loop has ended meanwhile

    threading.Thread(target=run, daemon=True, name="tool").start()
    return await future
