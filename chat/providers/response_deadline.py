"""The time limit of a job for one complete response.

HTTP's own time limits hold for each read, so a server that sends slowly would never reach them.
"""

import time
from collections.abc import Iterator
from typing import Any

import httpx2


def deadline_client(timeout: httpx2.Timeout, seconds: float) -> httpx2.Client:
    """Return a client whose responses must be complete `seconds` after their headers."""
    from anthropic import DefaultHttpxClient

    def limit(response: httpx2.Response) -> None:
        response.stream = _DeadlineStream(response.stream, time.monotonic() + seconds)

    client: httpx2.Client = DefaultHttpxClient(timeout=timeout, event_hooks={"response": [limit]})
    return client


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
