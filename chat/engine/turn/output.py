"""What one turn publishes: events are shown at once and stored soon, or stored in a transaction and shown after it."""

from chat.engine.turn.coalescer import Coalescer, Pace
from chat.engine.turn_log import TurnLog
from chat.engine.viewers.hub import Hub
from chat.engine.writer import Writer
from chat.events.payloads import Event, refresh
from chat.events.store import Batch
from chat.operations.running_turn import RunningTurn


class TurnOutput:
    """The log of a turn, with the hub that shows it and the writer that makes it durable."""

    def __init__(self, running: RunningTurn, hub: Hub, writer: Writer, pace: Pace) -> None:
        turn = running.turn
        self._hub, self._writer = hub, writer
        self._log = TurnLog(
            turn.id,
            turn.conversation_id,
            created_at=turn.created_at,
            fence=running.fence,
            begun=turn.last_seq if running.resumed else 0,
        )
        self._pace = pace
        self.cutter = Coalescer(self.emit, pace)

    def begin(self) -> None:
        """Make the turn known to viewers and to the writer."""
        self._pace.streams += 1
        self._hub.add(self._log)
        self._writer.take(self._log)

    def emit(self, event: Event) -> None:
        """Show an event now; the writer stores it within its interval."""
        self._hub.publish(self._log, self._log.encode(event))
        self._writer.nudge()

    async def seal(self, *events: Event) -> Batch:
        """Return all frames that are not durable yet and those of `events`, for a transaction to store.

        From here on the writer leaves the turn alone, so that no frame is stored twice. The events are not shown
        before the transaction has committed: call `show` or `resume` then.
        """
        self.cutter.flush()
        pending = await self._writer.release(self._log)
        frames = pending + self._log.encode(*events)
        return Batch(self._log.turn_id, self._log.fence, self._log.flushed + 1, frames)

    def show(self, batch: Batch) -> None:
        """Show the events of a sealed batch, which is stored now."""
        shown = self._log.last_seq - batch.first_seq + 1
        self._hub.publish(self._log, list(batch.frames[shown:]))
        self._writer.written(self._log)

    def resume(self) -> None:
        """Let the writer store the following events again, after a `seal`."""
        self._writer.take(self._log)

    def refresh(self) -> None:
        """Make viewers reload the turn, because they were shown frames that were not stored."""
        self._hub.tell(self._log.conversation_id, refresh(self._log.conversation_id, self._log.turn_id))

    def park(self) -> None:
        """Let go of a turn that waits for a person."""
        self._pace.streams -= 1
        self._hub.park(self._log)

    def close(self) -> None:
        """Let go of a turn that has ended."""
        self._pace.streams -= 1
        self._hub.close(self._log)
