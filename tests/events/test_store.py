"""The durable log of a turn's frames: appended under a lease, read back byte for byte, cleared in time."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.events import payloads
from chat.events.payloads import EventFrame
from chat.events.store import (
    LONGEST_PIECE_BYTES,
    PAGE_ROWS,
    Batch,
    FramePage,
    append_batches,
    append_unowned,
    can_resume,
    clear_turn_events,
    frames_behind,
    last_stored,
    stored_frames,
    stored_state,
)
from chat.models import Turn, TurnEvent, User
from tests import factories

pytestmark = pytest.mark.django_db
OWNER = "host:1:aa"


def running(insider: User) -> Turn:
    return factories.turn(factories.conversation(insider), status="running", answer="")


def frames_of(turn: Turn, *texts: str, first: int = 1) -> list[EventFrame]:
    told = [payloads.block_delta(index=0, key="text", value=text) for text in texts]
    return payloads.encode_all(told, turn=str(turn.id), after=first - 1)


def test_frames_come_back_byte_for_byte(insider: User) -> None:
    turn = running(insider)
    first = frames_of(turn, "plain", 'quo"te \\ /', "\u2028 ünïcode 👩‍👩‍👧", "\x1f\n", "1.0e5")
    second = frames_of(turn, "next", first=6)
    assert append_batches(OWNER, [Batch(turn.id, 1, 1, first)]) == set()
    assert append_batches(OWNER, [Batch(turn.id, 1, 6, second)]) == set()
    assert stored_frames(turn.id) == first + second
    for after in range(7):
        assert stored_frames(turn.id, after) == (first + second)[after:]


def test_all_turns_are_written_in_one_transaction(insider: User, django_assert_num_queries: object) -> None:
    turns = [running(insider) for _ in range(20)]
    batches = [Batch(turn.id, 1, 1, frames_of(turn, "text")) for turn in turns]
    with django_assert_num_queries(4):  # type: ignore[operator]  # savepoint, leases, insert, release
        append_batches(OWNER, batches)
    assert TurnEvent.objects.count() == 20


def test_only_the_holder_of_the_lease_writes(insider: User) -> None:
    held, other_fence, other_owner, ended = (running(insider) for _ in range(4))
    Turn.objects.filter(id=other_fence.id).update(fence=2)
    Turn.objects.filter(id=other_owner.id).update(owner="host:2:bb")
    Turn.objects.filter(id=ended.id).update(status="stopped", finished_at=timezone.now())
    turns = [held, other_fence, other_owner, ended]
    lost = append_batches(OWNER, [Batch(turn.id, 1, 1, frames_of(turn, "text")) for turn in turns])
    assert lost == {other_fence.id, other_owner.id, ended.id}
    assert TurnEvent.objects.get().turn == held


def test_last_durable_frame_of_each_turn(insider: User) -> None:
    written, silent, other = (running(insider) for _ in range(3))
    for turn in (written, other):
        append_batches(
            OWNER, [Batch(turn.id, 1, seq, frames_of(turn, "a", "b", first=seq)) for seq in (1, 3)]
        )
    assert last_stored([written.id, silent.id]) == {written.id: 4}


def test_old_frames_of_finished_turns_are_cleared(insider: User) -> None:
    old, new, alive = (running(insider) for _ in range(3))
    for turn in (old, new, alive):
        append_batches(OWNER, [Batch(turn.id, 1, seq, frames_of(turn, "text", first=seq)) for seq in (1, 2)])
    long_ago = timezone.now() - dt.timedelta(hours=2)
    Turn.objects.filter(id=old.id).update(status="completed", finished_at=long_ago)
    Turn.objects.filter(id=new.id).update(status="completed", finished_at=timezone.now())
    assert clear_turn_events() == 2
    assert clear_turn_events() == 0
    assert (old.events.count(), new.events.count(), alive.events.count()) == (0, 2, 2)
    assert clear_turn_events(older_than=dt.timedelta()) == 2


def test_clearing_many_streams_uses_short_transactions(insider: User) -> None:
    turn = running(insider)
    append_batches(OWNER, [Batch(turn.id, 1, seq, frames_of(turn, "t", first=seq)) for seq in range(1, 12)])
    Turn.objects.filter(id=turn.id).update(status="completed", finished_at=timezone.now())
    now = dt.timedelta()
    ticks = iter((0.0, 5.0, 10.0))
    assert clear_turn_events(older_than=now, batch_rows=3, within_seconds=10, clock=lambda: next(ticks)) == 6
    with CaptureQueriesContext(connection) as queries:
        assert clear_turn_events(older_than=now, batch_rows=2) == 5
    assert sum(query["sql"].startswith("DELETE") for query in queries) == 3
    assert clear_turn_events(older_than=now, batch_rows=2) == 0


@pytest.mark.parametrize(
    ("finished", "recovered", "after", "resumable"),
    [
        (False, None, 0, True),
        (False, None, 2, True),
        (True, None, 1, True),
        (True, None, 3, True),  # nothing is missing, so nothing needs to be kept
        (True, None, 4, False),  # more than there ever was
        (True, 2, 2, True),
        (True, 2, 3, False),  # its third frame died with the process; the stored third is another
    ],
)
def test_viewer_resumes_only_without_a_gap(
    insider: User, finished: bool, recovered: int | None, after: int, resumable: bool
) -> None:
    turn = running(insider)
    append_batches(OWNER, [Batch(turn.id, 1, 1, frames_of(turn, "a", "b", "c"))])
    changes = {"status": "interrupted", "finished_at": timezone.now(), "last_seq": 3} if finished else {}
    Turn.objects.filter(id=turn.id).update(recovered_seq=recovered, **changes)
    turn.refresh_from_db()
    assert can_resume(turn, after) is resumable


def test_a_viewer_that_lacks_cleared_frames_is_refreshed(insider: User) -> None:
    turn = running(insider)
    append_batches(OWNER, [Batch(turn.id, 1, 1, frames_of(turn, "a", "b", "c"))])
    Turn.objects.filter(id=turn.id).update(status="completed", finished_at=timezone.now(), last_seq=3)
    turn.refresh_from_db()
    TurnEvent.objects.filter(turn=turn).delete()
    assert not can_resume(turn, 1)
    assert can_resume(turn, 3)


def test_viewer_with_lost_frames_is_refreshed_after_recovery(insider: User) -> None:
    turn = running(insider)
    frames = frames_of(turn, "kept", "told by the recovery", "the end")
    append_batches(OWNER, [Batch(turn.id, 1, 1, frames)])
    Turn.objects.filter(id=turn.id).update(recovered_seq=1)
    assert frames_behind(turn.id, 1) == FramePage(frames[1:], more=False)
    assert frames_behind(turn.id, 2) is None
    assert frames_behind(turn.id, 3) == FramePage([], more=False)


def test_a_viewer_reads_long_turns_page_by_page(insider: User) -> None:
    turn = running(insider)
    frames = frames_of(turn, *("x" * 40_000 for _ in range(20)), "y" * 300_000, "z")
    append_batches(OWNER, [Batch(turn.id, 1, 1, frames)])
    lengths = [len(text) for text in turn.events.order_by("first_seq").values_list("frames", flat=True)]
    assert max(sorted(lengths)[:-1]) <= LONGEST_PIECE_BYTES < 300_000 < max(lengths)
    read: list[EventFrame] = []
    pages = 0
    while (page := frames_behind(turn.id, len(read))) and page.frames:
        assert len(page.frames) == 1 or sum(len(frame.data) for frame in page.frames) <= 262_144
        read, pages = read + page.frames, pages + 1
        assert page.more is (len(read) < len(frames))
    assert read == frames
    assert pages >= 5


def test_small_rows_share_a_page(insider: User) -> None:
    turn = running(insider)
    frames = frames_of(turn, *(str(number) for number in range(300)))
    append_batches(OWNER, [Batch(turn.id, 1, frame.seq, [frame]) for frame in frames])
    first = frames_behind(turn.id, 0)
    assert first == FramePage(frames[:PAGE_ROWS], more=True)
    assert frames_behind(turn.id, PAGE_ROWS) == FramePage(frames[PAGE_ROWS:], more=False)


def test_characters_of_four_bytes_keep_a_page_in_its_limit(insider: User) -> None:
    turn = running(insider)
    frames = frames_of(turn, *("😀" * 10_000 for _ in range(30)))
    append_batches(OWNER, [Batch(turn.id, 1, frame.seq, [frame]) for frame in frames])
    page = frames_behind(turn.id, 0)
    assert page is not None
    assert len(page.frames) > 1
    assert sum(len(frame.data) for frame in page.frames) <= LONGEST_PIECE_BYTES + 1024


def test_events_follow_the_last_one_of_a_turn_without_owner(insider: User) -> None:
    turn = factories.turn(factories.conversation(insider), status="waiting", answer="")
    turn.last_seq = 2
    append_unowned(turn, [payloads.turn_resumed(), payloads.turn_waiting()])
    assert turn.last_seq == 4
    assert [(frame.seq, frame.type) for frame in stored_frames(turn.id)] == [
        (3, "turn.resumed"),
        (4, "turn.waiting"),
    ]
    append_unowned(turn, [])
    assert (turn.last_seq, turn.events.count()) == (4, 1)


def test_the_state_is_folded_from_the_rows(insider: User) -> None:
    turn = running(insider)
    append_batches(OWNER, [Batch(turn.id, 1, 1, frames_of(turn, "a", "b"))])
    assert stored_state(turn.id).seq == 2
