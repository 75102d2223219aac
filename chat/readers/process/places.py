"""Places for jobs of the sandbox: a limited number for all, and one at a time for each person.

A person whose files take long to read waits for their own earlier files and does not hold up other people.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chat.readers.errors import Busy


class Places:
    """At most `total` jobs at a time in this process, one of them for each person; first come, first served."""

    def __init__(self, total: int) -> None:
        self._free = total
        self._running: set[str] = set()
        self._waiting: list[_Ticket] = []
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, person: str = "", *, seconds: float | None = None) -> Iterator[None]:
        """Wait for a place and hold it. Without a person only the number of places counts.

        Raises:
            Busy: no place became free within `seconds`.
        """
        ticket = _Ticket(person)
        with self._changed:
            self._waiting.append(ticket)
            try:
                if not self._changed.wait_for(lambda: self._is_next(ticket), seconds):
                    raise Busy
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()  # the next ticket may be allowed now
            self._free -= 1
            self._running |= {person} - {""}
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._running.discard(person)
                self._changed.notify_all()

    def waiting(self) -> int:
        """Return how many jobs wait."""
        return len(self._waiting)

    def _is_next(self, ticket: "_Ticket") -> bool:
        allowed = [one for one in self._waiting if one.person not in self._running]
        return self._free > 0 and bool(allowed) and allowed[0] is ticket


class _Ticket:
    def __init__(self, person: str) -> None:
        self.person = person
