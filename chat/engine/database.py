"""Calls from the event loop to the database: a small pool of threads, each call with its own connection.

`database_sync_to_async` would send every call of the process through one thread; a thread per socket would cost
memory. Connections to a server return to their pool after each call, as Django does after each request; those of
SQLite stay with their thread, because opening a file costs more than most calls.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone, translation

from chat.events.hints import home_loop

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# SQLite allows one writer at a time, and the others poll without a queue: of two threads, one once polled for a second
# while the other began transaction after transaction. Python's lock lets only one compute anyway.
THREADS = 1 if settings.SQLITE else 4
TRIES = 20  # a minute and a half
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="database")


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a synchronous function that uses the ORM, off the event loop, in a copy of this task's context.

    The language and the time zone are those of the task too: Django's own variables do not show in another thread.
    """

    def call() -> R:
        home_loop.set(loop)
        try:
            with translation.override(language), timezone.override(zone):
                return function(*args, **kwargs)
        finally:
            _release_connections()

    loop = asyncio.get_running_loop()
    language, zone = translation.get_language(), timezone.get_current_timezone()
    return await loop.run_in_executor(_pool, contextvars.copy_context().run, call)


async def at_last(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a write that must not be lost: as `in_database`, and try again while the database is away.

    Raises:
        DatabaseError: the database stayed away.
    """
    for again in range(TRIES - 1):
        try:
            return await in_database(function, *args, **kwargs)
        except DatabaseError as error:
            log.warning("not_written", what=function.__name__, error=type(error).__name__, again=again)
            await asyncio.sleep(min(4.0, 0.25 * 2**again))
    return await in_database(function, *args, **kwargs)


def _release_connections() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.vendor != "sqlite" or connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()
