"""A queue to the job broker, served by a thread of its own, so that a broker that hangs delays no caller."""

import queue
import threading
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

# Jobs that don't fit are found by the jobs' own periodic runs.
LONGEST_QUEUE = 200

_due: queue.Queue[tuple[Callable[[Any], None], Any]] = queue.Queue(LONGEST_QUEUE)
_thread: threading.Thread | None = None


def enqueue(send: Callable[[Any], None], argument: Any) -> None:
    """Call `send(argument)` in the broker's thread; returns at once."""
    global _thread  # noqa: PLW0603 - one thread for the process, started by the first call
    if _thread is None:
        _thread = threading.Thread(target=_send_all, name="broker", daemon=True)
        _thread.start()
    try:
        _due.put_nowait((send, argument))
    except queue.Full:
        log.warning("job_not_asked", reason="the broker is too slow")


def _send_all() -> None:
    while True:
        send, argument = _due.get()
        try:
            send(argument)
        except Exception:
            log.exception("job_not_asked")
