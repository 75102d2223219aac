"""A turn's events as server-sent events, and waiting for a turn's end. The turn does not depend on its readers.

`id:` is the event's seq and `data:` its frame, byte for byte what every other viewer gets, now or replayed.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

import orjson
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from chat import access, metrics
from chat.api.identity import ApiIdentity
from chat.api.problems import Problem
from chat.engine.database import in_database
from chat.engine.runtime import engine
from chat.engine.viewers.hub import TooManyViewers
from chat.engine.viewers.viewer import ViewerClosed
from chat.events.payloads import EventFrame
from chat.events.store import pieces
from chat.models import Turn
from chat.models.ids import UserId
from chat.models.transcript.turns import FINISHED
from chat.operations.turns.subscription import Resumption, resumption, too_many_connections

# The interval in which a reader's access and the turn's row are checked; revoked access ends a stream within 5 s.
LOOK_SECONDS = 4
# After so many silent looks a comment keeps proxies from closing the connection.
HEARTBEAT_LOOKS = 3
_ABOUT_WAITING = ("turn.waiting", "tool.decided")
HEARTBEAT = b": still here\n\n"


def event_stream(
    turn: Turn, after: int, identity: ApiIdentity, *, opening: dict[str, Any] | None = None
) -> StreamingHttpResponse:
    """Answer with the turn's events behind seq `after` until turn.finished; `opening` goes first, without an id."""
    return StreamingHttpResponse(
        _encoded(turn, after, identity, opening),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def require_place(identity: ApiIdentity) -> None:
    """Refuse a request that would wait for events while its person has too many sockets and streams open.

    Raises:
        Problem: 429. It is asked before anything is written, and before the answer has begun.
    """
    try:
        engine().hub.require_place(identity.user.pk)
    except TooManyViewers:
        refusal = too_many_connections()
        raise Problem(refusal.status, refusal.code, refusal.message, {"Retry-After": "10"}) from None


async def until_finished(turn: Turn, identity: ApiIdentity) -> None:
    """Return when the turn has ended, waits for a person, or can't be followed any more (shutdown, revoked access)."""
    if not turn.finished:
        async with aclosing(follow(turn, 0, identity)) as runs:
            async for run in runs:
                told = any(frame.type in _ABOUT_WAITING for frame in run)
                if told and await in_database(_status, turn.id, identity) == Turn.Status.WAITING:
                    return


def check_resumable(turn: Turn, after: int) -> Resumption:
    """Return how events behind `after` go on.

    Raises:
        Problem: 410, when they are deleted, or when `after` was lost with the process that sent it.
    """
    how = resumption(turn, after)
    if how == Resumption.REFRESH:
        raise Problem(
            410, "events_gone", _("These events can’t be resumed. Read the turn and its messages again.")
        )
    return how


async def release_connection() -> None:
    """Return the database connection of this request's thread to the pool: a long answer must not hold one."""
    await sync_to_async(connections.close_all)()


async def _encoded(
    turn: Turn, after: int, identity: ApiIdentity, opening: dict[str, Any] | None
) -> AsyncIterator[bytes]:
    if opening is not None:
        yield b"data: " + orjson.dumps(opening) + b"\n\n"
    silent = 0
    async with aclosing(follow(turn, after, identity)) as runs:
        async for run in runs:
            silent = 0 if run else silent + 1
            if run:
                for piece in pieces(run):
                    yield b"".join([b"id: %d\ndata: %b\n\n" % (frame.seq, frame.data) for frame in piece])
            elif silent % HEARTBEAT_LOOKS == 0:
                yield HEARTBEAT


async def follow(turn: Turn, after: int, identity: ApiIdentity) -> AsyncGenerator[list[EventFrame], None]:
    """Yield runs of frames behind `after` without hole or repetition; an empty run for a silent while.

    Ends after turn.finished, and when the identity no longer holds, the turn is deleted or this process goes down.
    """
    try:
        reader = _Reader(turn, after, identity.user.pk)
    except TooManyViewers:
        return  # others were opened since `require_place`
    rights = await in_database(identity.rights)
    loop = asyncio.get_running_loop()
    looked, ended = loop.time(), False
    try:
        while True:
            run = await reader.run(LOOK_SECONDS)
            if run or loop.time() - looked >= LOOK_SECONDS:
                yield run
            if reader.finished or reader.parted:
                return  # who parted asks again by seq, and is told that these events are gone
            if loop.time() - looked < LOOK_SECONDS:
                continue
            looked = loop.time()
            status = await in_database(_status, turn.id, identity, rights)
            # A turn that had ended a whole look ago has nothing more to tell.
            if status is None or (ended and not run):
                return
            ended = status in FINISHED
            reader.look_again()
    except ViewerClosed:
        return  # the client resumes by seq at another process
    finally:
        reader.leave()


def _status(
    turn_id: uuid.UUID, identity: ApiIdentity, rights: access.Rights = access.NO_RIGHTS
) -> str | None:
    """Return the turn's status; None when it is gone, or when this identity ended or lost one of `rights`."""
    if not identity.still_holds() or rights - identity.rights():
        return None
    return Turn.objects.filter(id=turn_id).values_list("status", flat=True).first()


class _Reader:
    """A viewer of one turn. The hub may repeat frames or send those of other turns; here each comes once, in order."""

    def __init__(self, turn: Turn, after: int, person: UserId) -> None:
        self.turn, self.last, self.finished, self.parted = turn, after, False, False
        self._hub = engine().hub
        self._viewer = self._hub.viewer(person)
        self._hub.subscribe(self._viewer, turn.conversation_id)
        self._viewer.watch(turn.id, turn.conversation_id, after)
        self._next = asyncio.ensure_future(self._viewer.next())
        metrics.VIEWERS.inc()

    async def run(self, seconds: float) -> list[EventFrame]:
        """Wait for the next frames; empty when none came in time. Never cancels the viewer in the middle."""
        await asyncio.wait({self._next}, timeout=seconds)
        if not self._next.done():
            return []
        due = self._next.result()
        self._next = asyncio.ensure_future(self._viewer.next())
        own = [frame for frame in due if frame.turn == str(self.turn.id)]
        self.parted = any(frame.type == "refresh" for frame in own)
        return list(self._fresh(own))

    def look_again(self) -> None:
        """Watch what follows again; this makes up for a lost hint."""
        self._viewer.watch(self.turn.id, self.turn.conversation_id, self.last)

    def leave(self) -> None:
        metrics.VIEWERS.dec()
        self._next.cancel()
        self._hub.leave(self._viewer)

    def _fresh(self, frames: Iterable[EventFrame]) -> Iterable[EventFrame]:
        for frame in frames:
            if frame.seq <= self.last:  # a message, or an event that was read before
                continue
            if frame.seq != self.last + 1:
                self.look_again()
                return
            self.last, self.finished = frame.seq, frame.ends_turn
            yield frame
