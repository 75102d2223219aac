"""The time limit of a job for one complete response.

HTTP's own time limits hold for each read, so a server that sends slowly would never reach them.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2


def deadline(seconds: float) -> Callable[[httpx2.Response], None]:
    """Return a hook of a client whose responses must be complete `seconds` after their headers."""

    def limit(response: httpx2.Response) -> None:
        response.stream = _DeadlineStream(response.stream, time.monotonic() + seconds)

    return limit


class _DeadlineStream(httpx2.SyncByteStream):
    def __init__(self, stream: Any, until: float) -> None:
        self.stream, self.until = stream, until

    def __iter__(self) -> Iterator[bytes]:
        for part in self.stream:
            if time.monotonic() > self.until:
                raise httpx2.ReadTimeout("The answer took too long.")
            yield part

    def close(self) -> None:
        self.stream.close()
