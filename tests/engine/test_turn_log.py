"""The log of a turn in memory: durable frames are forgotten, and cursors never miss a frame."""

from django.utils import timezone

from chat.engine.turn_log import DROPPED_AT_ONCE, KEPT_FRAMES, TurnLog
from chat.events.payloads import notice


def grown(frames: int) -> TurnLog:
    log = TurnLog("turn", "conversation", created_at=timezone.now())
    for _ in range(frames):
        log.frames.extend(log.encode(notice("waiting")))
    return log


def test_only_durable_frames_are_forgotten() -> None:
    log = grown(3 * KEPT_FRAMES)
    log.mark_flushed(DROPPED_AT_ONCE - 1)
    assert log.base == 0
    log.mark_flushed(KEPT_FRAMES)
    assert log.base == KEPT_FRAMES
    log.mark_flushed(log.last_seq)
    assert log.base == 2 * KEPT_FRAMES
    assert log.last_seq == 3 * KEPT_FRAMES
    assert log.unflushed() == []


def test_cursor_before_what_is_kept_must_read_the_rows() -> None:
    log = grown(3 * KEPT_FRAMES)
    log.mark_flushed(log.last_seq)
    assert log.after(log.base - 1) is None
    assert len(log.after(log.base) or []) == KEPT_FRAMES
    assert log.after(log.last_seq) == []
    assert log.after(log.last_seq + 5) == []


def test_frames_go_on_counting_after_forgetting() -> None:
    log = grown(3 * KEPT_FRAMES)
    log.mark_flushed(log.last_seq)
    assert log.encode(notice("waiting"))[0].seq == 3 * KEPT_FRAMES + 1


def test_flushed_never_goes_back() -> None:
    log = grown(10)
    log.mark_flushed(7)
    log.mark_flushed(3)
    assert log.flushed == 7
    assert len(log.unflushed()) == 3


def test_log_continues_after_durable_frames() -> None:
    log = TurnLog("turn", "conversation", created_at=timezone.now(), begun=7)
    assert (log.last_seq, log.unflushed()) == (7, [])
    assert log.after(6) is None
    (frame,) = log.encode(notice("x"))
    assert (frame.seq, frame.type) == (8, "notice")
    log.frames.append(frame)
    assert log.after(7) == log.unflushed() == [frame]
