"""The durable log of a turn's event frames: appended in batches by its owner, read back by any process."""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence

import orjson
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Length
from django.utils import timezone

from chat.claude.encoding.exact_numbers import ExactDecoder
from chat.events.payloads import Event, EventFrame, encode_all
from chat.events.state import TurnState
from chat.models import Turn, TurnEvent
from chat.models.ids import TurnId
from chat.models.transcript.turns import FINISHED

_DECODER = ExactDecoder()
LONGEST_PIECE_BYTES = 262_144
# A page of rows for one viewer. A character has four bytes at most, so this is within 256 KiB.
PAGE_CHARACTERS, PAGE_ROWS = 65_536, 256


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

    def rows(self) -> list[TurnEvent]:
        """Return the frames as rows of at most LONGEST_PIECE_BYTES; a longer frame has a row of its own."""
        rows, first = [], self.first_seq
        for frames in pieces(self.frames):
            row = TurnEvent(
                turn_id=self.turn_id, first_seq=first, last_seq=first + len(frames) - 1, frames=pack(frames)
            )
            rows.append(row)
            first = row.last_seq + 1
        return rows

    def store(self) -> None:
        """Write the frames, if there are any, inside the caller's transaction."""
        for row in self.rows():
            row.save(force_insert=True)


def pieces(frames: Sequence[EventFrame]) -> Iterator[Sequence[EventFrame]]:
    """Yield runs of frames of at most LONGEST_PIECE_BYTES; a longer frame alone."""
    if sum([len(frame.data) for frame in frames]) <= LONGEST_PIECE_BYTES:  # nearly always
        if frames:
            yield frames
        return
    piece: list[EventFrame] = []
    size = 0
    for frame in frames:
        if piece and size + len(frame.data) > LONGEST_PIECE_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(frame)
        size += len(frame.data)
    yield piece


def pack(frames: Sequence[EventFrame]) -> str:
    """Join encoded frames to one JSON list without parsing them again."""
    return (b"[" + b",".join([frame.data for frame in frames]) + b"]").decode()


def unpack(text: str) -> list[EventFrame]:
    """Return the frames of a packed list, with the same bytes."""
    frames, at = [], 1
    while at < len(text) - 1:
        # The decoder finds where a frame ends. Encoding what it read could give other digits.
        event, end = _DECODER.raw_decode(text, at)
        frames.append(EventFrame(event["turn"], event["seq"], event["type"], text[at:end].encode()))
        at = end + 1
    return frames


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
        _insert([row for batch in kept for row in batch.rows()])
    return {batch.turn_id for batch in batches} - {batch.turn_id for batch in kept}


# Django's bulk_create sends arrays to PostgreSQL, and psycopg quotes each text in them in Python: for frames, which are
# full of quotes, that was a tenth of a delta's work. One JSON document is encoded much faster.
_INSERT_DOCUMENT = """
INSERT INTO chat_turnevent (turn_id, first_seq, last_seq, frames, created_at)
SELECT (item->>0)::uuid, (item->>1)::int, (item->>2)::int, item->>3, now()
FROM json_array_elements(%s::json) AS item
"""


def _insert(rows: Sequence[TurnEvent]) -> None:
    if connection.vendor != "postgresql":
        TurnEvent.objects.bulk_create(rows)
        return
    document = orjson.dumps([[row.turn_id, row.first_seq, row.last_seq, row.frames] for row in rows])
    with connection.cursor() as cursor:
        cursor.execute(_INSERT_DOCUMENT, [document.decode()])


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
    return _unpacked(_rows_behind(turn_id, after), after)


def _rows_behind(turn_id: TurnId, after: int) -> QuerySet[TurnEvent]:
    return TurnEvent.objects.filter(turn_id=turn_id, last_seq__gt=after).order_by("first_seq")


def _unpacked(rows: QuerySet[TurnEvent], after: int) -> list[EventFrame]:
    frames: list[EventFrame] = []
    for first, text in rows.values_list("first_seq", "frames"):
        frames += unpack(text)[max(0, after + 1 - first) :]
    return frames


def stored_state(turn_id: TurnId) -> TurnState:
    """Return the state that a turn's durable frames fold into."""
    return TurnState.of(frame.data for frame in stored_frames(turn_id))


@dataclasses.dataclass(frozen=True, slots=True)
class FramePage:
    """Durable frames of a turn, in order; `more` says that others follow them."""

    frames: list[EventFrame]
    more: bool


def frames_behind(turn_id: TurnId, after: int) -> FramePage | None:
    """Return one page of the durable frames behind a viewer's: 256 KiB at most, or one longer row.

    None if the viewer has frames that were lost with their process.
    """
    rows = _rows_behind(turn_id, after)
    lengths = list(rows.annotate(length=Length("frames")).values_list("length", flat=True)[: PAGE_ROWS + 1])
    count = _rows_of_page(lengths)
    page = FramePage(_unpacked(rows[:count], after), more=count < len(lengths))
    # Checked after the frames are read: a recovery in between has written some of them.
    if page.frames and Turn.objects.filter(id=turn_id, recovered_seq__lt=after).exists():
        return None
    return page


def _rows_of_page(lengths: Sequence[int]) -> int:
    """Return how many rows of these lengths fit into a page: at least one."""
    total = 0
    for count, length in enumerate(lengths[:PAGE_ROWS]):
        total += length
        if count and total > PAGE_CHARACTERS:
            return count
    return min(len(lengths), PAGE_ROWS)


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
