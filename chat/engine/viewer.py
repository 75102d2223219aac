"""A viewer of conversations: it reads turns' logs with cursors, and rows where a log has forgotten."""

import asyncio
import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from chat.engine.database import in_database
from chat.engine.turn_log import TurnLog
from chat.events.payloads import EventFrame, message_frame, refresh
from chat.events.store import frames_behind
from chat.models.ids import ConversationId, TurnId


class ViewerClosed(Exception):
    """This process is going down; the viewer resumes by seq at another one."""


@dataclasses.dataclass(slots=True, eq=False)
class Cursor:
    """A viewer's place in one turn: it has the frames up to `seq`."""

    conversation_id: ConversationId
    seq: int


class Viewer:
    """One reader of any number of conversations."""

    def __init__(self, logs: Mapping[TurnId, TurnLog], expected: Collection[TurnId] = ()) -> None:
        self._logs = logs
        # Turns that this process is about to claim: their logs come, so their rows are not read.
        self._expected = expected
        self._closed = False
        self._wake = asyncio.Event()
        self._cursors: dict[TurnId, Cursor] = {}
        self._messages: list[EventFrame] = []
        # Turns that were read to their end since the last look: a look under way must not follow them again.
        self.read: set[TurnId] = set()
        self.conversations: set[ConversationId] = set()

    def wake(self) -> None:
        self._wake.set()

    def tell(self, message: dict[str, Any]) -> None:
        """Queue a message that is not an event of a turn; the reader closes a viewer that has too many of them."""
        self._messages.append(message_frame(message))
        self._wake.set()

    def watch(self, turn_id: TurnId, conversation_id: ConversationId, after: int) -> None:
        """Read a turn's frames from `after` on."""
        self._cursors[turn_id] = Cursor(conversation_id, after)
        self._wake.set()

    def follow_new(self, log: TurnLog) -> None:
        """Read a turn from its beginning; one that is watched already keeps its place, one that was read is skipped."""
        if log.turn_id not in self.read:
            self._cursors.setdefault(log.turn_id, Cursor(log.conversation_id, 0))
            self._wake.set()

    def forget(self, conversation_id: ConversationId) -> None:
        self._cursors = {
            turn_id: cursor
            for turn_id, cursor in self._cursors.items()
            if cursor.conversation_id != conversation_id
        }

    def kept(self, turn_id: TurnId, seq: int) -> None:
        """Note that a turn's frames go on behind `seq`.

        A viewer with more of them has frames that were lost with their process, and must load the conversation again.
        """
        cursor = self._cursors.get(turn_id)
        if cursor is not None and cursor.seq > seq:
            self._part(turn_id, cursor)
        self._wake.set()

    def ended(self, turn_id: TurnId, last_seq: int) -> None:
        """Note that a turn has ended; a cursor at its last frame holds a lost one, for reading the last removes it."""
        self.kept(turn_id, last_seq - 1)

    def _part(self, turn_id: TurnId, cursor: Cursor) -> None:
        del self._cursors[turn_id]
        self._messages.append(message_frame(refresh(cursor.conversation_id, turn_id)))

    def close(self) -> None:
        """End the viewer: its next read raises."""
        self._closed = True
        self._wake.set()

    @property
    def watched(self) -> set[TurnId]:
        return set(self._cursors)

    @property
    def waiting_messages(self) -> int:
        return len(self._messages)

    async def next(self) -> list[EventFrame]:
        """Wait for news and return them in the order in which they are to be sent: messages and events.

        Raises:
            ViewerClosed: the process is shutting down.
        """
        while not self._closed:
            # All news wake this viewer.
            await self._wake.wait()
            self._wake.clear()
            due = await self._due()
            if due:
                return due
        raise ViewerClosed

    async def _due(self) -> list[EventFrame]:
        """Return all news; a turn's announcement stands behind the frames of earlier turns and before its own."""
        messages, self._messages = self._messages, []
        announced = {message.turn for message in messages if message.type == "turn.accepted"}
        earlier: list[EventFrame] = []
        frames: list[EventFrame] = []
        for turn_id, cursor in list(self._cursors.items()):
            place = frames if announced and str(turn_id) in announced else earlier
            place += await self._frames(turn_id, cursor)
        return [*earlier, *messages, *frames]

    async def _frames(self, turn_id: TurnId, cursor: Cursor) -> list[EventFrame]:
        log = self._logs.get(turn_id)
        if log is None and turn_id in self._expected:
            return []
        fresh = log.after(cursor.seq) if log else None
        if fresh is None:
            fresh = await in_database(frames_behind, turn_id, cursor.seq)
            if self._cursors.get(turn_id) is not cursor:  # watched again while reading
                return []
            if fresh is None:
                self._part(turn_id, cursor)
                self._wake.set()
                return []
        cursor.seq += len(fresh)
        if fresh and fresh[-1].ends_turn:
            del self._cursors[turn_id]
            self.read.add(turn_id)
        return fresh
