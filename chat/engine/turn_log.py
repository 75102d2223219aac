"""The event frames of one turn in this process's memory: an append-only log that viewers read with cursors.

There is no queue per viewer: a slow viewer is a cursor that lags and costs no memory.
"""

import datetime as dt

from chat.events.payloads import Event, EventFrame, encode_all
from chat.models.ids import ConversationId, TurnId

# Older durable frames are dropped, some at a time; a viewer that lags further reads them from the database. A frame
# takes about a third of a kilobyte, and a hundred streams keep theirs at once.
KEPT_FRAMES, DROPPED_AT_ONCE = 32, 16


class TurnLog:
    """Frames base+1 .. last_seq of a turn that began at `created_at`. `flushed` is the last seq known to be durable.

    A turn that goes on after a wait has `begun` frames in the database already.
    """

    def __init__(
        self,
        turn_id: TurnId,
        conversation_id: ConversationId,
        *,
        created_at: dt.datetime,
        fence: int = 0,
        begun: int = 0,
    ) -> None:
        self.turn_id, self.conversation_id = turn_id, conversation_id
        self.created_at, self.fence = created_at, fence
        self.name = str(turn_id)
        self.base = self.flushed = begun
        self.frames: list[EventFrame] = []

    @property
    def last_seq(self) -> int:
        return self.base + len(self.frames)

    def encode(self, *new: Event) -> list[EventFrame]:
        """Return events as the next frames, without appending them."""
        return encode_all(new, turn=self.name, after=self.last_seq)

    def after(self, seq: int) -> list[EventFrame] | None:
        """Return the frames behind a cursor; None when some of them are no longer kept."""
        if seq < self.base:
            return None
        return self.frames[seq - self.base :]

    def unflushed(self) -> list[EventFrame]:
        return self.frames[self.flushed - self.base :]

    def mark_flushed(self, seq: int) -> None:
        """Note the last durable frame and drop old durable ones."""
        self.flushed = max(self.flushed, seq)
        surplus = min(self.flushed - self.base, len(self.frames) - KEPT_FRAMES)
        if surplus >= DROPPED_AT_ONCE:
            del self.frames[:surplus]
            self.base += surplus
