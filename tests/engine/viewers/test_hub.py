"""Viewers and logs of one process: who is woken, who receives an end, what is forgotten."""

import asyncio
import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from chat.engine.turn_log import TurnLog
from chat.engine.viewers.hub import Hub, TooManyViewers
from chat.engine.viewers.viewer import Viewer, ViewerClosed
from chat.events.payloads import (
    Event,
    EventFrame,
    accepted,
    encode_all,
    message_frame,
    notice,
    refresh,
    turn_finished,
)
from chat.events.store import Batch
from chat.models import Conversation, Turn
from tests import factories

END = turn_finished(status="completed", stop_reason="end_turn", message=None, error=None)


@pytest.fixture
def hub() -> Hub:
    return Hub()


def running(hub: Hub, conversation: str = "c") -> TurnLog:
    log = TurnLog(uuid.uuid4(), conversation, created_at=timezone.now())
    hub.add(log)
    return log


def watching(hub: Hub, conversation: str = "c") -> Viewer:
    viewer = hub.viewer()
    hub.subscribe(viewer, conversation)
    return viewer


async def test_every_viewer_gets_all_frames_in_order(hub: Hub) -> None:
    early = watching(hub)
    log = running(hub)
    late = watching(hub)
    for _ in range(5):
        hub.publish(log, log.encode(notice("waiting")))
    late.watch(log.turn_id, "c", 2)
    assert await early.next() == log.frames
    assert await late.next() == log.frames[2:]
    hub.publish(log, log.encode(END))
    assert await early.next() == await late.next() == log.frames[5:]


async def test_viewer_ahead_of_the_end_is_told_to_refresh(hub: Hub) -> None:
    log = running(hub)
    viewer = watching(hub)
    viewer.watch(log.turn_id, "c", 7)
    hub.publish(log, log.encode(notice("waiting"), END))
    hub.close(log)
    assert await viewer.next() == [message_frame(refresh("c", log.turn_id))]


async def test_the_end_of_a_turn_is_read_from_its_log(hub: Hub) -> None:
    """Without the mark for it, pytest-django refuses every query."""
    viewer, log = watching(hub), running(hub)
    frames = log.encode(notice("waiting"), END)
    hub.publish(log, frames)
    log.mark_flushed(log.last_seq)
    hub.close(log)
    assert await viewer.next() == frames
    assert not viewer.watched


@pytest.mark.parametrize(("events", "stored"), [((notice("waiting"), END), 1), ((notice("waiting"),), 1)])
async def test_frames_of_a_lost_lease_are_not_read(hub: Hub, events: tuple[Event, ...], stored: int) -> None:
    """Another process ends the turn: what this one did not store, or did not end, is not what happened."""
    viewer, log = watching(hub), running(hub)
    hub.publish(log, log.encode(*events))
    log.mark_flushed(stored)
    hub.close(log)
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        await viewer.next()


async def test_unsubscribing_affects_one_conversation(hub: Hub) -> None:
    viewer = watching(hub, "c")
    hub.subscribe(viewer, "d")
    first, second = running(hub, "c"), running(hub, "d")
    hub.unsubscribe(viewer, "c")
    for log in (first, second):
        hub.publish(log, log.encode(notice("waiting")))
    assert await viewer.next() == second.frames
    hub.leave(viewer)
    assert not viewer.watched
    assert not hub.viewers


async def test_closed_hub_closes_its_viewers(hub: Hub) -> None:
    viewer = watching(hub)
    hub.shut()
    with pytest.raises(ViewerClosed):
        await viewer.next()


async def test_a_person_has_a_number_of_viewers(hub: Hub, settings: Any) -> None:
    settings.CONNECTIONS_PER_PERSON = 2
    mine, other = uuid.uuid4(), uuid.uuid4()
    first, _second = hub.viewer(mine), hub.viewer(mine)
    with pytest.raises(TooManyViewers):
        hub.viewer(mine)
    assert hub.viewer(other)
    assert hub.viewer()
    hub.leave(first)
    hub.leave(first)
    third = hub.viewer(mine)
    with pytest.raises(TooManyViewers):
        hub.require_place(mine)
    del _second, third  # a reader that was dropped without leaving holds no place
    hub.require_place(mine)


async def test_messages_are_sent_once_to_subscribed_viewers(hub: Hub) -> None:
    viewer = watching(hub)
    hub.tell("c", {"type": "x"})
    hub.tell("elsewhere", {"type": "y"})
    assert await viewer.next() == [message_frame({"type": "x"})]
    hub.tell("c", {"type": "z"})
    assert await viewer.next() == [message_frame({"type": "z"})]


async def test_a_turn_is_announced_after_the_end_of_the_one_before(hub: Hub) -> None:
    viewer = watching(hub)
    before = running(hub)
    hub.publish(before, before.encode(notice("waiting")))
    assert await viewer.next() == before.frames
    after = TurnLog(uuid.uuid4(), "c", created_at=timezone.now())
    announced = {"type": "turn.accepted", "turn": str(after.turn_id)}
    hub.tell("c", announced)
    hub.add(after)
    hub.publish(after, after.encode(notice("waiting")))
    hub.publish(before, before.encode(END))
    assert await viewer.next() == [before.frames[-1], message_frame(announced), *after.frames]


async def test_a_parked_turn_is_read_from_its_rows(hub: Hub) -> None:
    """Viewers keep their subscription; without a viewer nothing stays in memory."""
    watched, unwatched = running(hub, "c"), running(hub, "d")
    viewer = hub.viewer()
    hub.subscribe(viewer, "c")
    for log in (watched, unwatched):
        hub.park(log)
    assert hub.logs == {watched.turn_id: watched}
    assert hub._positions({"c"}) == {watched.turn_id: 0}
    goes_on = TurnLog(watched.turn_id, "c", created_at=timezone.now())
    hub.add(goes_on)
    assert hub._positions({"c"}) == {}


async def test_rows_are_not_read_while_all_watched_turns_run_here(hub: Hub) -> None:
    """Without the mark for it, pytest-django refuses every query."""
    for conversation in ("c", "d"):
        running(hub, conversation)
        hub.subscribe(hub.viewer(), conversation)
    await hub.look()
    hub.subscribe(hub.viewer(), uuid.uuid4())
    with pytest.raises(RuntimeError, match="Database access not allowed"):
        await hub.look()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("followed", [True, False])
@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_a_viewer_with_frames_that_were_lost_is_told_to_refresh(
    hub: Hub, lost: int, followed: bool
) -> None:
    """Its process died with one, two or three frames unwritten; the recovery wrote two others in their place."""
    turn, frames = await sync_to_async(dying)()
    ahead, level = watching(hub, turn.conversation_id), watching(hub, turn.conversation_id)
    if followed:
        await hub.look()
        assert (await level.next())[1:] == (await ahead.next())[1:] == frames[:2]
    else:
        level.watch(turn.id, turn.conversation_id, 2)
    ahead.watch(turn.id, turn.conversation_id, 2 + lost)
    await sync_to_async(recovered)(turn, frames)
    await hub.look()
    gone = message_frame(refresh(turn.conversation_id, turn.id))
    assert [one for one in await ahead.next() if one != announcement(turn)] == [gone]
    assert [one for one in await level.next() if one != announcement(turn)] == frames[2:]
    assert not ahead.watched
    assert not level.watched


@pytest.mark.django_db(transaction=True)
async def test_viewer_of_stored_rows_learns_of_a_recovery(hub: Hub) -> None:
    turn, frames = await sync_to_async(dying)()
    viewer = watching(hub, turn.conversation_id)
    await sync_to_async(recovered)(turn, frames)
    viewer.watch(turn.id, turn.conversation_id, 3)
    assert [frame.type for frame in await viewer.next()] == ["refresh"]
    assert not viewer.watched


@pytest.mark.django_db(transaction=True)
async def test_turn_read_from_its_rows_is_not_sent_twice(hub: Hub) -> None:
    """It ran elsewhere, and had ended before this process looked."""
    conversation = await sync_to_async(factories.conversation)(await sync_to_async(factories.person)())
    viewer = watching(hub, conversation.id)
    turn, frames = await sync_to_async(dying)(conversation)
    await sync_to_async(recovered)(turn, frames)
    viewer.watch(turn.id, conversation.id, 0)
    assert await viewer.next() == frames
    for _look in range(2):
        await hub.look()
    viewer.tell({"type": "x"})
    assert [one for one in await viewer.next() if one != announcement(turn)] == [message_frame({"type": "x"})]
    assert not viewer.read


@pytest.mark.django_db(transaction=True)
async def test_turn_about_to_be_claimed_here_is_local(hub: Hub) -> None:
    turn = await sync_to_async(queued)()
    viewer = watching(hub, turn.conversation_id)
    hub.expected.add(turn.id)
    await hub.look()
    assert not hub.logs
    hub.expected.discard(turn.id)
    await hub.look()
    assert [frame.type for frame in await viewer.next()] == ["turn.accepted"]


@pytest.mark.django_db(transaction=True)
async def test_rows_are_not_read_before_a_claim_ends(hub: Hub) -> None:
    turn, frames = await sync_to_async(dying)()
    viewer = watching(hub, turn.conversation_id)
    hub.expected.add(turn.id)
    viewer.watch(turn.id, turn.conversation_id, 0)
    waiting = asyncio.ensure_future(viewer.next())
    await asyncio.sleep(0)
    hub.claim_ended(turn.id, claimed=False)
    assert await waiting == frames[:2]


async def test_a_claimed_turn_is_read_from_its_log(hub: Hub) -> None:
    viewer, turn_id = watching(hub), uuid.uuid4()
    hub.expected.add(turn_id)
    viewer.watch(turn_id, "c", 0)
    waiting = asyncio.ensure_future(viewer.next())
    await asyncio.sleep(0)
    hub.claim_ended(turn_id, claimed=True)
    log = TurnLog(turn_id, "c", created_at=timezone.now())
    hub.add(log)
    hub.publish(log, log.encode(notice("waiting")))
    assert await waiting == log.frames


def queued() -> Turn:
    return factories.turn(factories.conversation(factories.person()), status="queued")


def dying(conversation: Conversation | None = None) -> tuple[Turn, list[EventFrame]]:
    """A turn with two durable frames, and what a recovery will write behind them."""
    conversation = conversation or factories.conversation(factories.person())
    turn = factories.turn(conversation, status="running", answer="")
    told = [notice("waiting")] * 3 + [END]
    frames = encode_all(told, turn=str(turn.id), after=0)
    Batch(turn.id, turn.fence, 1, frames[:2]).store()
    return turn, frames


def recovered(turn: Turn, frames: list[EventFrame]) -> None:
    ended = {"status": "interrupted", "owner": "", "finished_at": timezone.now()}
    Turn.objects.filter(id=turn.id).update(recovered_seq=2, last_seq=4, **ended)
    Batch(turn.id, turn.fence, 3, frames[2:]).store()


def announcement(turn: Turn) -> EventFrame:
    return message_frame({**accepted(turn), "status": "interrupted"})
