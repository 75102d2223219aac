"""How many uploads, turns and conversations a person may begin in a minute.

The numbers are far above what people and imports do; they bound programs that go wrong. Counts lie in the cache, so
they hold over all web processes where Redis is set. While Redis is away each process counts alone.
"""

import functools
import threading
import time

import structlog
from django.conf import settings
from django.core.cache import BaseCache, caches
from django.utils.translation import gettext as _

from chat.models.ids import UserId
from chat.operations.errors import OperationError

WINDOW_SECONDS = 60
# After a failure the shared cache is left alone for so long, then one request tries it again. A frozen one costs that
# request a quarter of a second (the cache "rates" in config/settings.py).
PAUSE_SECONDS = 30.0
UPLOADS, TURNS, CONVERSATIONS = "uploads", "turns", "conversations"
SHARED_PAGES = "shared_pages"  # of readers without a session, by their address

log = structlog.get_logger(__name__)


def count(what: str, person: UserId | str) -> None:
    """Count one upload, turn or conversation of a person, or one page of a reader.

    Raises:
        OperationError: too_many_requests, with the seconds until the next minute begins.
    """
    most = settings.RATES_PER_MINUTE[what]
    if not most:
        return
    window, passed = divmod(time.time(), WINDOW_SECONDS)
    if _shared.add(f"rate:{what}:{person}:{window:.0f}") > most:
        raise OperationError(
            "too_many_requests",
            _("You sent too many requests within a minute. Wait a minute, then try again."),
            status=429,
            retry_after_seconds=int(WINDOW_SECONDS - passed) + 1,
        )


class _SharedCounts:
    """Counts in the shared cache, or in this process's own while that fails."""

    def __init__(self) -> None:
        # When the shared cache may be tried again; None while it works.
        self._away_until: float | None = None
        self._lock = threading.Lock()

    @functools.cached_property
    def _cache(self) -> BaseCache:
        """One for the process: `caches` would connect anew for each call from the event loop."""
        return caches.create_connection("rates")

    def add(self, key: str) -> int:
        if self._may_ask():
            try:
                counted = _add(self._cache, key)
            except Exception as error:  # whatever the cache's client raises
                self._away_until = time.monotonic() + PAUSE_SECONDS
                log.warning("rates_not_shared", error=type(error).__name__)
            else:
                self._away_until = None
                return counted
        return _add(caches["process"], key)

    def _may_ask(self) -> bool:
        """Return whether to ask the shared cache. After a pause only one caller gets True until its answer is known."""
        with self._lock:
            if self._away_until is None:
                return True
            if time.monotonic() < self._away_until:
                return False
            self._away_until = time.monotonic() + PAUSE_SECONDS
            return True


def _add(cache: BaseCache, key: str) -> int:
    if cache.add(key, 1, 2 * WINDOW_SECONDS):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it was dropped in between
        cache.set(key, 1, 2 * WINDOW_SECONDS)
        return 1


_shared = _SharedCounts()
