"""Celery's job queue in a folder, for one machine: kombu's filesystem transport with whole files only.

kombu writes a message and an exchange's table in place, so another process can read the half of one. An unreadable
one ends the worker. Here a file gets its name when it is complete, and one that can't be read is left out.
"""

import contextlib
import fcntl
import logging
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

log = logging.getLogger(__name__)

# What reading JSON raises that was cut, emptied by a full disk, or damaged.
_UNREADABLE = (ValueError, TypeError)


def folder_broker(folder: Path) -> dict[str, Any]:
    """Create the folders of a queue and return the transport's options."""
    names = {name: folder / name for name in ("messages", "control", "processed")}
    for each in names.values():
        each.mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(names["messages"]),
        "data_folder_out": str(names["messages"]),
        "control_folder": str(names["control"]),
        "processed_folder": str(names["processed"]),
        "store_processed": False,
    }


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # as kombu's own
        # Numbered by the clock of the day: a monotonic one begins anew with the machine, and names are read in order.
        name = f"{time_ns()}_{uuid.uuid4()}.{queue}.msg"
        try:
            _write_whole(Path(self.data_folder_out) / name, dumps(payload))
        except OSError as error:  # as kombu's own, so that its callers know it
            raise ChannelError(f"a job can't be written: {error.strerror}") from error

    def _get(self, queue: str) -> Any:  # type: ignore[override]  # as kombu's own
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            # Moved within the file system: of several workers, one gets the message.
            taken = Path(self.processed_folder) / name
            try:
                os.rename(Path(self.data_folder_in) / name, taken)
            except FileNotFoundError:
                continue
            content = taken.read_bytes()
            taken.unlink()
            message = _read_message(content)
            if message is not None:
                return message
            # The periodic jobs find in the database what a lost message would have started.
            log.warning("job_unreadable")
        raise Empty

    def get_table(self, exchange: str) -> list[filesystem.exchange_queue_t]:
        try:
            rows = loads(self._exchange_file(exchange).read_bytes())
            return [filesystem.exchange_queue_t(*row) for row in rows]
        except (FileNotFoundError, *_UNREADABLE):
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._table_lock():
            table = self.get_table(exchange)
            if row not in table:
                _write_whole(self._exchange_file(exchange), dumps([row, *table]))

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any
    ) -> None:
        self._purge(queue)
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._table_lock():
            table = self.get_table(exchange)
            if row in table:
                _write_whole(self._exchange_file(exchange), dumps([other for other in table if other != row]))

    @contextlib.contextmanager
    def _table_lock(self) -> Iterator[None]:
        """Let one process change tables at a time; readers need no lock, because a table is replaced whole."""
        self.control_folder.mkdir(parents=True, exist_ok=True)
        with open(self.control_folder / "lock", "wb", opener=_private) as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            yield


class Transport(filesystem.Transport):
    Channel = Channel


def _read_message(content: bytes) -> dict[str, Any] | None:
    """Return a message; None if it is damaged."""
    try:
        message = loads(content)
    except _UNREADABLE:
        return None
    return (
        message if isinstance(message, dict) and message.keys() >= {"body", "headers", "properties"} else None
    )


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f".{uuid.uuid4()}.part")
    try:
        with open(part, "wb", opener=_private) as file:
            file.write(text.encode())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
