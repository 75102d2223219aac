"""The process's one writer: all turns' new frames in one short transaction every 200 ms.

This bounds what a dying process loses, and keeps the number of writes independent of the number of streams.
"""

import asyncio
from collections.abc import Callable

import structlog
from django.db import Error as DatabaseError

from chat import metrics
from chat.engine.database import in_database
from chat.engine.turn_log import TurnLog
from chat.events.payloads import EventFrame
from chat.events.store import Batch, append_batches, last_stored
from chat.models.ids import TurnId

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 0.2


class Writer:
    """Flushes the logs that it takes.

    `on_advanced` is called with the last durable seq by turn, `on_lost` with a turn whose lease is lost.
    """

    def __init__(
        self,
        owner: str,
        *,
        on_advanced: Callable[[dict[str, int]], None],
        on_lost: Callable[[TurnId], None],
    ) -> None:
        self._owner = owner
        self._on_advanced, self._on_lost = on_advanced, on_lost
        self._logs: dict[TurnId, TurnLog] = {}
        self._due = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._doubtful = False

    def take(self, turn_log: TurnLog) -> None:
        self._logs[turn_log.turn_id] = turn_log

    def nudge(self) -> None:
        """Schedule a flush."""
        self._due.set()

    async def release(self, turn_log: TurnLog) -> list[EventFrame]:
        """Stop writing a log and return its frames that are not durable; its runner writes them with the end."""
        async with self._flushing:
            # Only now: a flush under way has to mark in the log what it made durable.
            self._logs.pop(turn_log.turn_id, None)
            return turn_log.unflushed()

    def written(self, turn_log: TurnLog) -> None:
        """Mark a log as durable after its runner wrote the rest itself."""
        turn_log.mark_flushed(turn_log.last_seq)
        self._on_advanced({turn_log.name: turn_log.last_seq})

    async def run(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            started = asyncio.get_running_loop().time()
            await self.flush()
            spent = asyncio.get_running_loop().time() - started
            await asyncio.sleep(max(0.02, INTERVAL_SECONDS - spent))

    async def flush(self) -> None:
        """Write all frames that are not durable; after a database failure they are tried again."""
        async with self._flushing:
            if self._doubtful and not await self._read_durable():
                return
            waiting = [(turn_log, turn_log.unflushed()) for turn_log in self._logs.values()]
            batches = [
                Batch(turn_log.turn_id, turn_log.fence, turn_log.flushed + 1, frames)
                for turn_log, frames in waiting
                if frames
            ]
            if not batches:
                return
            try:
                with metrics.FLUSH_SECONDS.time():
                    lost = await in_database(append_batches, self._owner, batches)
            except DatabaseError as error:
                log.warning("flush_failed", error=type(error).__name__, turns=len(batches))
                self._due.set()
                self._doubtful = True
                return
            advanced = self._advance(batches, lost)
        if advanced:
            self._on_advanced(advanced)

    async def _read_durable(self) -> bool:
        """Read what is durable after a failure: a commit may have succeeded although its response was lost."""
        try:
            durable = await in_database(last_stored, list(self._logs))
        except DatabaseError:
            self._due.set()
            return False
        for turn_id, seq in durable.items():
            if turn_id in self._logs:
                self._logs[turn_id].mark_flushed(seq)
        self._doubtful = False
        return True

    def _advance(self, batches: list[Batch], lost: set[TurnId]) -> dict[str, int]:
        advanced = {}
        for batch in batches:
            turn_log = self._logs.get(batch.turn_id)
            if batch.turn_id in lost:
                self._logs.pop(batch.turn_id, None)
                self._on_lost(batch.turn_id)
                continue
            metrics.FLUSHED_EVENTS.inc(len(batch.frames))
            advanced[str(batch.turn_id)] = batch.last_seq
            if turn_log is not None:
                turn_log.mark_flushed(batch.last_seq)
        return advanced
