"""The writer of frames: pending frames are written once, even if an earlier attempt seemed to fail."""

import datetime as dt
from typing import Any

import pytest

from chat.engine.database import in_database
from chat.engine.turn_log import TurnLog
from chat.engine.writer import Writer
from chat.events.payloads import notice
from chat.events.store import Batch, append_batches, stored_frames
from chat.models import Turn

pytestmark = pytest.mark.django_db(transaction=True)


class Heard:
    def __init__(self) -> None:
        self.advanced: list[dict[str, int]] = []
        self.lost: list[Any] = []

    def on_advanced(self, advanced: dict[str, int]) -> None:
        self.advanced.append(advanced)

    def writer(self) -> Writer:
        return Writer("owner", on_advanced=self.on_advanced, on_lost=self.lost.append)


def log_of(turn: Turn, frames: int, *, fence: int = 1) -> TurnLog:
    log = TurnLog(turn.id, turn.conversation_id, created_at=dt.datetime.now(dt.UTC), fence=fence)
    for _ in range(frames):
        log.frames.extend(log.encode(notice("waiting")))
    return log


def append(owner: str, batch: Batch) -> None:
    assert append_batches(owner, [batch]) == set()


async def test_flush_writes_pending_frames_and_returns_the_last(turn: Turn) -> None:
    heard = Heard()
    writer, log = heard.writer(), log_of(turn, 3)
    writer.take(log)
    await writer.flush()
    await writer.flush()
    log.frames.extend(log.encode(notice("more")))
    assert await writer.release(log) == log.frames[3:]
    assert heard.advanced == [{str(turn.id): 3}]
    assert await in_database(stored_frames, turn.id) == log.frames[:3]


async def test_commit_whose_answer_was_lost_is_not_written_twice(turn: Turn) -> None:
    heard = Heard()
    writer, log = heard.writer(), log_of(turn, 3)
    # The first try arrived, but the writer never heard of it.
    await in_database(append, "owner", Batch(turn.id, 1, 1, list(log.frames)))
    log.frames.extend(log.encode(notice("more")))
    writer.take(log)
    await writer.flush()
    assert heard.advanced == []
    await writer.flush()
    assert heard.advanced == [{str(turn.id): 4}]
    assert await in_database(stored_frames, turn.id) == log.frames


async def test_lost_lease_is_reported_and_writes_nothing(turn: Turn) -> None:
    heard = Heard()
    writer, log = heard.writer(), log_of(turn, 3, fence=0)
    writer.take(log)
    await writer.flush()
    assert (heard.lost, heard.advanced) == ([turn.id], [])
    assert await in_database(stored_frames, turn.id) == []
