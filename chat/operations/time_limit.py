"""How long one run of a job goes on. Workers run jobs in threads, which nothing can end: a job ends itself."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

# Far below the hour after which a broker hands a job to a second worker.
JOB_SECONDS = 300
Item = TypeVar("Item")


def in_time(
    items: Iterable[Item], seconds: float = JOB_SECONDS, clock: Callable[[], float] = time.monotonic
) -> Iterator[Item]:
    """Yield items until the time is over; the next run handles the rest."""
    until = clock() + seconds
    for item in items:
        if clock() >= until:
            return
        yield item
