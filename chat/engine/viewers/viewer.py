"""A viewer of conversations: it reads turns' logs with cursors, and rows where a log has forgotten."""

import asyncio
import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from chat.engine.database import in_database
from chat.engine.turn_log import TurnLog
from chat.events.payloads import EventFrame, message_frame, refresh
from chat.events.store import LONGEST_PIECE_BYTES, frames_behind
from chat.models.ids import ConversationId, TurnId, UserId


class ViewerClosed(Exception):
    """This process is going down; the viewer resumes by seq at another one."""


@dataclasses.dataclass(slots=True, eq=False)
class Cursor:
    """A viewer's place in one turn: it has the frames up to `seq`."""

    conversation_id: ConversationId
    seq: int
    # Whether rows follow the page that was read last.
    behind: bool = False


class Viewer:
    """One reader of any number of conversations.

    Its cursors, its messages and the rows that it reads instead of a forgotten log stand together, because `next` has
    to keep their order.
    """

    def __init__(
        self,
        logs: Mapping[TurnId, TurnLog],
        expected: Collection[TurnId] = (),
        ended: Mapping[TurnId, TurnLog] | None = None,
        *,
        person: UserId | None = None,
    ) -> None:
        self.person = person
        self._logs = logs
        # Turns that this process is about to claim: their logs come, so their rows are not read.
        self._expected = expected
        # Logs of turns that ended a moment ago: most viewers read the last frames just after the end.
        self._ended = {} if ended is None else ended
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

    def refresh_beyond(self, turn_id: TurnId, seq: int) -> None:
        """Ask for a reload if this viewer has frames of a turn behind `seq`: they were lost with their process."""
        cursor = self._cursors.get(turn_id)
        if cursor is not None and cursor.seq > seq:
            self._send_refresh(turn_id, cursor)
        self._wake.set()

    def turn_ended(self, turn_id: TurnId, last_seq: int) -> None:
        """Ask for a reload if this viewer still follows a turn at its last frame.

        Reading a last frame removes the cursor, so the frame that is there was lost with its process.
        """
        self.refresh_beyond(turn_id, last_seq - 1)

    def _send_refresh(self, turn_id: TurnId, cursor: Cursor) -> None:
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
            if not self._messages and len(self._cursors) == 1:  # nearly always
                ((turn_id, cursor),) = self._cursors.items()
                due = self._kept_frames(turn_id, cursor) or await self._frames(turn_id, cursor)
            else:
                due = await self._due()
            if due:
                return due
        raise ViewerClosed

    async def _due(self) -> list[EventFrame]:
        """Return news; a turn's announcement stands behind the frames of earlier turns and before its own.

        Frames are returned up to about one page; the next call returns what follows.
        """
        messages, self._messages = self._messages, []
        announced = {message.turn for message in messages if message.type == "turn.accepted"}
        places = list(self._cursors.items())
        earlier = [place for place in places if not announced or str(place[0]) not in announced]
        due, whole = await self._read(earlier)
        if not whole:
            self._messages[:0] = messages
            return due
        due += messages
        if announced:
            due += (await self._read([place for place in places if str(place[0]) in announced]))[0]
        return due

    async def _read(self, places: list[tuple[TurnId, Cursor]]) -> tuple[list[EventFrame], bool]:
        """Return the new frames of these turns in turn, and whether that is all of them."""
        due: list[EventFrame] = []
        size = 0
        for turn_id, cursor in places:
            fresh = await self._frames(turn_id, cursor)
            due += fresh
            size += sum([len(frame.data) for frame in fresh])
            if cursor.behind or size > LONGEST_PIECE_BYTES:
                self._wake.set()
                return due, False
        return due, True

    def _kept_frames(self, turn_id: TurnId, cursor: Cursor) -> list[EventFrame]:
        """Return the new frames of a turn that goes on and whose log still has them; it needs no row."""
        log = self._logs.get(turn_id)
        fresh = log.after(cursor.seq) if log is not None else None
        if not fresh or fresh[-1].ends_turn:
            return []
        cursor.seq += len(fresh)
        return fresh

    async def _frames(self, turn_id: TurnId, cursor: Cursor) -> list[EventFrame]:
        log = self._logs.get(turn_id) or self._ended_log(turn_id)
        cursor.behind = False
        if log is None and turn_id in self._expected:
            return []
        fresh = log.after(cursor.seq) if log else None
        if fresh is None:
            page = await in_database(frames_behind, turn_id, cursor.seq)
            if self._cursors.get(turn_id) is not cursor:  # watched again while reading
                return []
            if page is None:
                self._send_refresh(turn_id, cursor)
                self._wake.set()
                return []
            fresh, cursor.behind = page.frames, page.more
            if page.more:
                self._wake.set()
        cursor.seq += len(fresh)
        if fresh and fresh[-1].ends_turn:
            del self._cursors[turn_id]
            self.read.add(turn_id)
        return fresh

    def _ended_log(self, turn_id: TurnId) -> TurnLog | None:
        """Return the log of a turn that has just ended here.

        One without the end, or whose end was not stored, belongs to a turn that another process goes on with.
        """
        log = self._ended.get(turn_id)
        ended = log is not None and log.frames and log.frames[-1].ends_turn and log.flushed == log.last_seq
        return log if ended else None
