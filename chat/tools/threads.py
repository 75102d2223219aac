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

AT_ONCE = 16
_places: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]" = (
    weakref.WeakKeyDictionary()
)


async def in_thread(function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """Run a function in a thread of its own and wait for it; whoever stops waiting leaves it behind.

    At most `AT_ONCE` run at a time in one loop; one that was left behind keeps its place until it ends.
    """
    loop = asyncio.get_running_loop()
    places = _places.setdefault(loop, asyncio.Semaphore(AT_ONCE))
    await places.acquire()
    future: asyncio.Future[R] = loop.create_future()
    context = contextvars.copy_context()

    def finish(value: Any, error: BaseException | None) -> None:
        places.release()
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    def work() -> None:
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

    threading.Thread(target=work, daemon=True, name="tool").start()
    return await future
