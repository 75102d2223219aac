"""The durable log of a turn's event frames: appended in batches by its owner, read back by any process."""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Sequence

import orjson
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from chat.events.payloads import Event, EventFrame, decoded, encode_all
from chat.events.state import TurnState
from chat.models import Turn, TurnEvent
from chat.models.ids import TurnId
from chat.models.turns import FINISHED


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Frames first_seq.. of one turn, under the lease of its owner."""

    turn_id: TurnId
    fence: int
    first_seq: int
    frames: Sequence[EventFrame]

    @property
    def last_seq(self) -> int:
        """The seq of the last frame, or of the one before the batch when it is empty."""
        return self.first_seq + len(self.frames) - 1

    def row(self) -> TurnEvent:
        return TurnEvent(
            turn_id=self.turn_id,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            frames=pack(self.frames),
        )

    def store(self) -> None:
        """Write the frames, if there are any, inside the caller's transaction."""
        if self.frames:
            self.row().save(force_insert=True)


def pack(frames: Sequence[EventFrame]) -> str:
    """Join encoded frames to one JSON list without parsing them again."""
    return (b"[" + b",".join([frame.data for frame in frames]) + b"]").decode()


def unpack(text: str) -> list[EventFrame]:
    """Return the frames of a packed list, with the same bytes."""
    return [decoded(event) for event in orjson.loads(text)]


def append_batches(owner: str, batches: Sequence[Batch]) -> set[TurnId]:
    """Append all turns' frames in one short transaction.

    Returns the ids of turns that this owner holds no longer; nothing of theirs was written.
    """
    with transaction.atomic():
        held = dict(
            Turn.objects.select_for_update()
            .filter(id__in=[batch.turn_id for batch in batches], owner=owner, status=Turn.Status.RUNNING)
            .values_list("id", "fence")
        )
        kept = [batch for batch in batches if held.get(batch.turn_id) == batch.fence]
        TurnEvent.objects.bulk_create([batch.row() for batch in kept])
    return {batch.turn_id for batch in batches} - {batch.turn_id for batch in kept}


def append_unowned(turn: Turn, events: Sequence[Event]) -> None:
    """Append events to a turn that no process owns, behind `turn.last_seq`, which is raised but not saved.

    The caller has locked the turn's row, or made sure otherwise that no other process writes.
    """
    batch = Batch(
        turn.id, turn.fence, turn.last_seq + 1, encode_all(events, turn=str(turn.id), after=turn.last_seq)
    )
    batch.store()
    turn.last_seq = batch.last_seq


def last_stored(turn_ids: Sequence[TurnId]) -> dict[TurnId, int]:
    """Return the last durable seq of each of these turns that has any."""
    rows = TurnEvent.objects.filter(turn_id__in=turn_ids).values("turn_id").annotate(last=Max("last_seq"))
    return dict(rows.values_list("turn_id", "last"))


def stored_frames(turn_id: TurnId, after: int = 0) -> list[EventFrame]:
    """Return the durable frames of a turn with seq > after, in order."""
    frames: list[EventFrame] = []
    rows = TurnEvent.objects.filter(turn_id=turn_id, last_seq__gt=after).order_by("first_seq")
    for first, text in rows.values_list("first_seq", "frames"):
        frames += unpack(text)[max(0, after + 1 - first) :]
    return frames


def stored_state(turn_id: TurnId) -> TurnState:
    """Return the state that a turn's durable frames fold into."""
    return TurnState.of(frame.data for frame in stored_frames(turn_id))


def frames_behind(turn_id: TurnId, after: int) -> list[EventFrame] | None:
    """Return the durable frames behind a viewer's; None if the viewer has frames that were lost with their process."""
    frames = stored_frames(turn_id, after)
    # Checked after the frames are read: a recovery in between has written some of them.
    if frames and Turn.objects.filter(id=turn_id, recovered_seq__lt=after).exists():
        return None
    return frames


def can_resume(turn: Turn, after: int) -> bool:
    """Return whether a viewer with the frames up to `after` can go on from there without a gap.

    It can't if it has frames that were lost with their process, or if frames that it lacks were deleted.
    """
    if turn.recovered_seq is not None and after > turn.recovered_seq:
        return False
    if not turn.finished or after == turn.last_seq:
        return True
    return turn.events.filter(first_seq__lte=after + 1, last_seq__gt=after).exists()


def clear_turn_events(
    *,
    older_than: dt.timedelta = dt.timedelta(hours=1),
    batch_rows: int = 2000,
    within_seconds: float = 240,
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Delete the frames of turns that finished a while ago; their messages hold the text. Returns rows deleted.

    Each stream writes five rows a second, so every run deletes all of them: in short transactions, so that no
    stream waits long, and within a time that ends before the next run begins.
    """
    until, deleted = clock() + within_seconds, 0
    finished = TurnEvent.objects.filter(
        turn__status__in=FINISHED, turn__finished_at__lt=timezone.now() - older_than
    )
    while True:
        rows = list(finished.values_list("id", flat=True)[:batch_rows])
        deleted += TurnEvent.objects.filter(id__in=rows).delete()[0]
        if len(rows) < batch_rows or clock() >= until:
            return deleted
