"""The viewers of this process: they subscribe to conversations and read their turns' logs.

A turn that runs here has its log filled by its runner. A turn of another process is followed: after a hint, and once
a second, its new rows are read once for all viewers.
"""

import datetime as dt
import weakref
from collections.abc import Container, Iterable
from typing import Any

from django.conf import settings
from django.utils import timezone

from chat.engine.database import in_database
from chat.engine.turn_log import TurnLog
from chat.engine.viewers.remote_turns import Remote, last_seqs, remote_news
from chat.engine.viewers.viewer import Viewer
from chat.engine.viewers.viewer_counts import ElsewhereCounts
from chat.events.payloads import EventFrame, accepted
from chat.models import Turn
from chat.models.ids import ConversationId, TurnId, UserId


class TooManyViewers(Exception):
    """This person has as many sockets and event streams as one may have."""


class Hub:
    """The logs and the viewers of one event loop.

    Turns of this process and news of others meet here, so that each viewer gets one order of frames.
    """

    def __init__(self) -> None:
        self.logs: dict[TurnId, TurnLog] = {}
        self.viewers: dict[ConversationId, set[Viewer]] = {}
        self._followed: set[TurnId] = set()
        self._since: dict[ConversationId, dt.datetime] = {}
        # Turns that ended here since the last look: a look must not follow them again.
        self._closed: dict[TurnId, TurnLog] = {}
        # Turns that this process is about to claim.
        self.expected: set[TurnId] = set()
        self._open: weakref.WeakSet[Viewer] = weakref.WeakSet()
        self._of_person: dict[UserId | None, weakref.WeakSet[Viewer]] = {}
        self.elsewhere = ElsewhereCounts()
        self._shut = False

    def viewer(self, person: UserId | None = None) -> Viewer:
        """Return a new viewer; `leave` gives its place back.

        Raises:
            TooManyViewers: this person has too many already.
        """
        if person is not None:
            self.require_place(person)
        viewer = Viewer(self.logs, self.expected, self._closed, person=person)
        self._open.add(viewer)
        if person is not None:
            self._of_person.setdefault(person, weakref.WeakSet()).add(viewer)
        if self._shut:
            viewer.close()
        return viewer

    def shut(self) -> None:
        """Close every viewer; turns go on."""
        self._shut = True
        for viewer in list(self._open):
            viewer.close()

    def subscribe(self, viewer: Viewer, conversation_id: ConversationId) -> None:
        self.viewers.setdefault(conversation_id, set()).add(viewer)
        self._since.setdefault(conversation_id, timezone.now())
        viewer.conversations.add(conversation_id)

    def unsubscribe(self, viewer: Viewer, conversation_id: ConversationId) -> None:
        viewer.conversations.discard(conversation_id)
        viewer.forget(conversation_id)
        watching = self.viewers.get(conversation_id)
        if watching is not None:
            watching.discard(viewer)
            if not watching:
                del self.viewers[conversation_id], self._since[conversation_id]
                self._forget_followed(conversation_id)

    def require_place(self, person: UserId) -> None:
        """Raise TooManyViewers if a person may have no further viewer."""
        here = len(self._of_person.get(person, ()))
        if here + self.elsewhere.of(person) >= settings.CONNECTIONS_PER_PERSON:
            raise TooManyViewers

    def viewer_counts(self, least: int) -> dict[str, int]:
        """Map people who have at least so many viewers in this process to their number."""
        return {str(person): len(own) for person, own in self._of_person.items() if len(own) >= least}

    def leave(self, viewer: Viewer) -> None:
        for conversation_id in list(viewer.conversations):
            self.unsubscribe(viewer, conversation_id)
        if viewer.person in self._of_person:
            own = self._of_person[viewer.person]
            own.discard(viewer)
            if not own:
                del self._of_person[viewer.person]

    def claim_ended(self, turn_id: TurnId, *, claimed: bool) -> None:
        """End the expectation of a turn; when it was not claimed here, its viewers read its rows."""
        self.expected.discard(turn_id)
        if not claimed:
            for viewer in list(self._open):
                if turn_id in viewer.watched:
                    viewer.wake()

    def add(self, log: TurnLog) -> None:
        """Add a turn's log; viewers of its conversation read it from its first frame."""
        self.logs[log.turn_id] = log
        self._followed.discard(log.turn_id)
        for viewer in self.viewers.get(log.conversation_id, ()):
            viewer.follow_new(log)

    def publish(self, log: TurnLog, frames: Iterable[EventFrame]) -> None:
        """Append frames to a log and wake its viewers."""
        log.frames.extend(frames)
        for viewer in self.viewers.get(log.conversation_id, ()):
            viewer.wake()

    def park(self, log: TurnLog) -> None:
        """Follow the rows of a turn that waits for a person: the decision, and perhaps another owner, write there."""
        if log.conversation_id in self.viewers:
            self._followed.add(log.turn_id)
        else:
            self.logs.pop(log.turn_id, None)

    def close(self, log: TurnLog) -> None:
        """Remove a finished turn's log; late viewers read its rows."""
        self.logs.pop(log.turn_id, None)
        self._followed.discard(log.turn_id)
        self._closed[log.turn_id] = log
        for viewer in self.viewers.get(log.conversation_id, ()):
            viewer.turn_ended(log.turn_id, log.last_seq)

    def show_ended(self, turn: Turn, frames: Iterable[EventFrame]) -> None:
        """Show viewers a turn that ended without running in any process."""
        log = TurnLog(turn.id, turn.conversation_id, created_at=turn.created_at)
        self.tell(turn.conversation_id, accepted(turn))
        self.add(log)
        self.publish(log, frames)
        log.mark_flushed(log.last_seq)
        self.close(log)

    def tell(self, conversation_id: ConversationId, message: dict[str, Any]) -> None:
        for viewer in self.viewers.get(conversation_id, ()):
            viewer.tell(message)

    async def look(self) -> None:
        """Catch up with turns of watched conversations that run in other processes."""
        closed = dict(self._closed)
        read = [(viewer, set(viewer.read)) for watching in self.viewers.values() for viewer in watching]
        if self.viewers:
            await self._follow_others()
            await self._end_unfollowed()
        for turn_id, log in closed.items():
            # This look has read the turns that began earlier, so the next ones can skip them.
            self._closed.pop(turn_id, None)
            if log.conversation_id in self._since:
                self._since[log.conversation_id] = max(self._since[log.conversation_id], log.created_at)
        for viewer, turns in read:
            viewer.read -= turns

    async def _follow_others(self) -> None:
        # A conversation has one turn at a time: while it runs here, no other process writes one.
        here = self._writing_here()
        since = {key: begun for key, begun in self._since.items() if key not in here}
        if not since:
            return
        skip = self._closed.keys() | self.expected
        for found in await in_database(remote_news, since, skip, self._positions(since)):
            if self._is_own(found.turn.id):
                continue  # it began or ended here while the rows were read
            if found.turn.conversation_id in self._writing_here():
                continue  # the turn before it has ended in the rows and not yet here: it comes first
            log = self.logs.get(found.turn.id) or self._follow(found)
            if log.last_seq != found.after:
                continue  # it was forgotten and followed anew while the rows were read: the next look is right
            if found.turn.recovered_seq is not None:
                for viewer in self.viewers.get(found.turn.conversation_id, ()):
                    viewer.refresh_beyond(found.turn.id, found.turn.recovered_seq)
            self.publish(log, found.frames)
            log.mark_flushed(log.last_seq)
            if found.frames and found.frames[-1].ends_turn:
                self.close(log)

    async def _end_unfollowed(self) -> None:
        """End watched turns without a log here: they ended in another process before they were followed."""
        viewers = {viewer for watching in self.viewers.values() for viewer in watching}
        asked = {turn_id for viewer in viewers for turn_id in viewer.watched} - self.logs.keys()
        if asked:
            ended = await in_database(last_seqs, asked)
            for viewer in viewers:
                for turn_id in viewer.watched & ended.keys():
                    viewer.turn_ended(turn_id, ended[turn_id])

    def _is_own(self, turn_id: TurnId) -> bool:
        if turn_id in self.logs:
            return turn_id not in self._followed
        return turn_id in self._closed or turn_id in self.expected

    def _writing_here(self) -> set[ConversationId]:
        """Conversations whose turn runs in this process."""
        return {log.conversation_id for turn_id, log in self.logs.items() if turn_id not in self._followed}

    def _follow(self, found: Remote) -> TurnLog:
        turn = found.turn
        log = TurnLog(turn.id, turn.conversation_id, created_at=turn.created_at)
        self.tell(turn.conversation_id, accepted(turn))
        self.add(log)
        self._followed.add(turn.id)
        return log

    def _positions(self, within: Container[ConversationId]) -> dict[TurnId, int]:
        followed = ((turn_id, self.logs[turn_id]) for turn_id in self._followed)
        return {turn_id: log.last_seq for turn_id, log in followed if log.conversation_id in within}

    def _forget_followed(self, conversation_id: ConversationId) -> None:
        gone = [
            turn_id for turn_id in self._followed if self.logs[turn_id].conversation_id == conversation_id
        ]
        for turn_id in gone:
            self._followed.discard(turn_id)
            self.logs.pop(turn_id)
