"""Who watches what in this process: viewers subscribe to conversations and read their turns' logs.

Logs of turns that run here are fed by their runner. Turns that run elsewhere are followed: a hint, or a look once a
second, says that rows advanced, and the rows are read once for all viewers.
"""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from chat.engine.database import in_database
from chat.engine.remote_turns import Remote, advanced, ends
from chat.engine.turn_log import TurnLog
from chat.events.store import frames_behind
from chat.models import Turn


class ViewerClosed(Exception):
    """This process is going down; the viewer resumes by seq at another one."""


@dataclasses.dataclass(slots=True, eq=False)
class Cursor:
    """A viewer's place in one turn: it has the frames up to `seq`."""

    conversation_id: Any
    seq: int


class Viewer:
    """One reader of any number of conversations."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._wake = asyncio.Event()
        self._cursors: dict[Any, Cursor] = {}
        self._messages: list[dict[str, Any]] = []
        # Turns that were read to their end lately: a look that found them before must not bring them back.
        self.read: set[Any] = set()
        self.conversations: set[Any] = set()

    def wake(self) -> None:
        self._wake.set()

    def tell(self, message: dict[str, Any]) -> None:
        """Queue a message that is not an event of a turn (bounded: a reader this far behind is dropped)."""
        self._messages.append(message)
        self._wake.set()

    def watch(self, turn_id: Any, conversation_id: Any, after: int) -> None:
        """Read a turn's frames from `after` on."""
        self._cursors[turn_id] = Cursor(conversation_id, after)
        self._wake.set()

    def follow_new(self, log: TurnLog) -> None:
        """Read a turn from its beginning; one that is watched already keeps its place, one that was read is over."""
        if log.turn_id not in self.read:
            self._cursors.setdefault(log.turn_id, Cursor(log.conversation_id, 0))
            self._wake.set()

    def forget(self, conversation_id: Any) -> None:
        self._cursors = {
            turn_id: cursor
            for turn_id, cursor in self._cursors.items()
            if cursor.conversation_id != conversation_id
        }

    def kept(self, turn_id: Any, seq: int) -> None:
        """Hear that a turn's frames up to `seq` are all there is to go on from.

        Whoever holds more has frames that died with their process, and must load what is kept instead.
        """
        cursor = self._cursors.get(turn_id)
        if cursor is not None and cursor.seq > seq:
            self._part(turn_id, cursor)
        self._wake.set()

    def ended(self, turn_id: Any, last_seq: int) -> None:
        """Hear that a turn has its last frame; reading that takes a cursor away, so none stands there rightly."""
        self.kept(turn_id, last_seq - 1)

    def _part(self, turn_id: Any, cursor: Cursor) -> None:
        del self._cursors[turn_id]
        self._messages.append(refresh(cursor.conversation_id, turn_id))

    def leave(self) -> None:
        """Watch nothing any more."""
        self._hub.leave(self)

    @property
    def watched(self) -> set[Any]:
        return set(self._cursors)

    @property
    def waiting_messages(self) -> int:
        return len(self._messages)

    async def next(self) -> list[dict[str, Any] | bytes]:
        """Wait until there is something; returns messages and frames in the order in which they are to be sent.

        Raises:
            ViewerClosed: the process is shutting down.
        """
        while not self._hub.closed:
            # Whatever there is to be seen has woken this viewer.
            await self._wake.wait()
            self._wake.clear()
            due = await self._due()
            if due:
                return due
        raise ViewerClosed

    async def _due(self) -> list[dict[str, Any] | bytes]:
        """A turn's announcement stands between the last frames of the turns before it and its own first one."""
        messages, self._messages = self._messages, []
        announced = {message["turn"] for message in messages if message["type"] == "turn.accepted"}
        earlier: list[bytes] = []
        frames: list[bytes] = []
        for turn_id, cursor in list(self._cursors.items()):
            place = frames if announced and str(turn_id) in announced else earlier
            place += await self._frames(turn_id, cursor)
        return [*earlier, *messages, *frames]

    async def _frames(self, turn_id: Any, cursor: Cursor) -> list[bytes]:
        log = self._hub.logs.get(turn_id)
        fresh = log.after(cursor.seq) if log else None
        if fresh is None:
            fresh = await in_database(frames_behind, turn_id, cursor.seq)
            if self._cursors.get(turn_id) is not cursor:  # asked anew while reading
                return []
            if fresh is None:
                self._part(turn_id, cursor)
                self._wake.set()
                return []
        cursor.seq += len(fresh)
        if fresh and ends_turn(fresh[-1]):
            del self._cursors[turn_id]
            self.read.add(turn_id)
        return fresh


class Hub:
    """The logs and the viewers of one event loop."""

    def __init__(self) -> None:
        self.logs: dict[Any, TurnLog] = {}
        self.viewers: dict[Any, set[Viewer]] = {}
        self._followed: set[Any] = set()
        self._since: dict[Any, dt.datetime] = {}
        # Turns that ended here since the last look, and when they had begun: a look must not bring them back.
        self._closed: dict[Any, TurnLog] = {}
        # Turns that this process is about to claim.
        self.expected: set[Any] = set()
        self.closed = False

    def viewer(self) -> Viewer:
        return Viewer(self)

    def shut(self) -> None:
        """Send every viewer away; turns go on."""
        self.closed = True
        for viewer in {viewer for watching in self.viewers.values() for viewer in watching}:
            viewer.wake()

    def subscribe(self, viewer: Viewer, conversation_id: Any) -> None:
        self.viewers.setdefault(conversation_id, set()).add(viewer)
        self._since.setdefault(conversation_id, timezone.now())
        viewer.conversations.add(conversation_id)

    def unsubscribe(self, viewer: Viewer, conversation_id: Any) -> None:
        viewer.conversations.discard(conversation_id)
        viewer.forget(conversation_id)
        watching = self.viewers.get(conversation_id)
        if watching is not None:
            watching.discard(viewer)
            if not watching:
                del self.viewers[conversation_id], self._since[conversation_id]
                self._forget_followed(conversation_id)

    def leave(self, viewer: Viewer) -> None:
        for conversation_id in list(viewer.conversations):
            self.unsubscribe(viewer, conversation_id)

    def add(self, log: TurnLog) -> None:
        """Put a turn's log up; whoever watches its conversation sees it from its first frame."""
        self.logs[log.turn_id] = log
        self._followed.discard(log.turn_id)
        for viewer in self.viewers.get(log.conversation_id, ()):
            viewer.follow_new(log)

    def publish(self, log: TurnLog, frames: Iterable[bytes]) -> None:
        """Append frames to a log and wake its viewers."""
        log.frames.extend(frames)
        for viewer in self.viewers.get(log.conversation_id, ()):
            viewer.wake()

    def park(self, log: TurnLog) -> None:
        """Leave a turn that waits for a person to the rows: whoever decides writes there, and so may another owner."""
        if log.conversation_id in self.viewers:
            self._followed.add(log.turn_id)
        else:
            self.logs.pop(log.turn_id, None)

    def close(self, log: TurnLog) -> None:
        """Take a finished turn's log down; late viewers read its rows."""
        self.logs.pop(log.turn_id, None)
        self._followed.discard(log.turn_id)
        self._closed[log.turn_id] = log
        for viewer in self.viewers.get(log.conversation_id, ()):
            viewer.ended(log.turn_id, log.last_seq)

    def tell(self, conversation_id: Any, message: dict[str, Any]) -> None:
        for viewer in self.viewers.get(conversation_id, ()):
            viewer.tell(message)

    async def look(self) -> None:
        """Catch up with turns of watched conversations that run in other processes."""
        closed = dict(self._closed)
        read = [(viewer, set(viewer.read)) for watching in self.viewers.values() for viewer in watching]
        if self.viewers:
            await self._follow_others()
            await self._end_unheard()
        for turn_id, log in closed.items():
            # What began before it has been seen by this look, so the next ones need not think of it any more.
            self._closed.pop(turn_id, None)
            if log.conversation_id in self._since:
                self._since[log.conversation_id] = max(self._since[log.conversation_id], log.created_at)
        for viewer, turns in read:
            viewer.read -= turns

    async def _follow_others(self) -> None:
        skip = {turn_id for turn_id in self.logs if turn_id not in self._followed}
        skip |= self._closed.keys() | self.expected
        for found in await in_database(advanced, dict(self._since), skip, self._positions()):
            if self._is_own(found.turn.id):
                continue  # it began or ended here while the rows were read
            if found.turn.conversation_id in self._writing_here():
                continue  # the turn before it has ended in the rows and not yet here: it comes first
            log = self.logs.get(found.turn.id) or self._follow(found)
            if log.last_seq != found.after:
                continue  # it was forgotten and followed anew while the rows were read: the next look is right
            if found.turn.recovered_seq is not None:
                for viewer in self.viewers.get(found.turn.conversation_id, ()):
                    viewer.kept(found.turn.id, found.turn.recovered_seq)
            self.publish(log, found.frames)
            log.mark_flushed(log.last_seq)
            if found.frames and ends_turn(found.frames[-1]):
                self.close(log)

    async def _end_unheard(self) -> None:
        """Tell viewers the end of turns that no log here carries: they ended elsewhere, before they were followed."""
        viewers = {viewer for watching in self.viewers.values() for viewer in watching}
        asked = {turn_id for viewer in viewers for turn_id in viewer.watched} - self.logs.keys()
        if asked:
            ended = await in_database(ends, asked)
            for viewer in viewers:
                for turn_id in viewer.watched & ended.keys():
                    viewer.ended(turn_id, ended[turn_id])

    def _is_own(self, turn_id: Any) -> bool:
        if turn_id in self.logs:
            return turn_id not in self._followed
        return turn_id in self._closed or turn_id in self.expected

    def _writing_here(self) -> set[Any]:
        """Conversations whose turn runs in this process."""
        return {log.conversation_id for turn_id, log in self.logs.items() if turn_id not in self._followed}

    def _follow(self, found: Remote) -> TurnLog:
        turn = found.turn
        log = TurnLog(turn.id, turn.conversation_id, created_at=turn.created_at)
        self.tell(turn.conversation_id, accepted(turn))
        self.add(log)
        self._followed.add(turn.id)
        return log

    def _positions(self) -> dict[Any, int]:
        return {turn_id: self.logs[turn_id].last_seq for turn_id in self._followed}

    def _forget_followed(self, conversation_id: Any) -> None:
        gone = [
            turn_id for turn_id in self._followed if self.logs[turn_id].conversation_id == conversation_id
        ]
        for turn_id in gone:
            self._followed.discard(turn_id)
            self.logs.pop(turn_id)


def accepted(turn: Turn) -> dict[str, Any]:
    """Return the message that announces a turn to all viewers of its conversation."""
    return {
        "type": "turn.accepted",
        "client_id": str(turn.client_id),
        "conversation": str(turn.conversation_id),
        "turn": str(turn.id),
        "user_message": str(turn.user_message_id),
        "status": turn.status,
    }


def refresh(conversation_id: Any, turn_id: Any) -> dict[str, Any]:
    """Return the message that tells a viewer to load the conversation anew: events can't bring it up to date."""
    return {"type": "refresh", "conversation": str(conversation_id), "turn": str(turn_id)}


def ends_turn(frame: bytes) -> bool:
    """Say whether a frame is a turn's last; `encode` writes the type first."""
    return frame.startswith(b'{"type":"turn.finished"')
