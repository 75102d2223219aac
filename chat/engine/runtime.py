"""The engine of one event loop: claims queued turns, renews leases, listens to hints, reaps turns of dead processes."""

import asyncio
import contextlib
import datetime as dt
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings
from django.utils import timezone

from chat.engine import job_queue, memory
from chat.engine.database import in_database
from chat.engine.turn.cancellation import AbortReason
from chat.engine.turn.coalescer import Pace
from chat.engine.turn.runner import Runner, Shared
from chat.engine.viewers.hub import Hub
from chat.engine.viewers.remote_turns import conversation_news
from chat.engine.viewers.viewer_counts import Announcer
from chat.engine.writer import Writer
from chat.events import hints
from chat.events.payloads import accepted
from chat.events.store import stored_frames
from chat.models import Conversation, Turn
from chat.models.ids import ConversationId, TurnId
from chat.models.transcript.turns import BEATS_PER_LEASE
from chat.operations.conversations.titles import needs_title, wake_for_title
from chat.operations.turns import claim, comparison
from chat.operations.turns.recovery import LeaseWatch
from chat.operations.turns.turn_request import AcceptedTurn
from chat.providers.clients import ClientPool

log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
REAP_SECONDS = 2.0
# Rows are looked at no more often than this, however many hints come.
SHORTEST_LOOK_SECONDS = 0.05
NEWS_OVERLAP = dt.timedelta(seconds=5)


class Engine:
    """Runs turns on the current event loop. One per process in practice; one per loop in tests.

    Its loops (claims, heartbeats, hints, reaping) share one state: which turns run here and whether it is stopping.
    """

    def __init__(self) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.hub = Hub()
        self.clients = ClientPool()
        self._writer = Writer(self.owner, on_advanced=self._send_hint, on_lost=self._lost)
        self._shared = Shared(self.hub, self._writer, self.clients, Pace())
        self._runners: dict[TurnId, Runner] = {}
        self._starting: set[TurnId] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._look_due = asyncio.Event()
        self._turns_advanced = False
        self._looked_at = 0.0
        self._hint: asyncio.Task[None] | None = None
        self._unsent: dict[str, int] = {}
        self._leases = LeaseWatch()
        self._busy = False
        self._growth = memory.Growth()
        self._news: dict[ConversationId, Any] = {}
        self.draining = False

    def start(self) -> None:
        """Start the engine's loops; they last until `stop`."""
        announcer = Announcer(self.hub.viewer_counts)
        loops = (
            self._writer.run,
            self._beat,
            self._tick,
            self._look,
            self._reap,
            self._listen,
            announcer.run,
        )
        for loop in loops:
            self._loops.append(asyncio.create_task(_repeat(loop), name=f"engine {loop.__name__}"))

    async def wake(self, turn_id: TurnId, accepted: AcceptedTurn | None = None) -> None:
        """Claim and run a queued turn; returns at once. `accepted` is one that this process has just accepted."""
        if not self.draining and turn_id not in self._starting:
            self._starting.add(turn_id)
            self.hub.expected.add(turn_id)
            self._spawn(self._run(turn_id, accepted))

    def stop_turn(self, turn_id: TurnId) -> None:
        """Stop a turn if it runs here; another process gets a hint or sees the row."""
        runner = self._runners.get(turn_id)
        if runner is not None:
            runner.abort(AbortReason.STOP)

    async def decided(self, turn_id: TurnId, *, resumes: bool) -> None:
        """Go on after a decision about a tool call: in the running turn, or by claiming a parked one again."""
        runner = self._runners.get(turn_id)
        if runner is not None:
            runner.look()
        if resumes:
            await self.wake(turn_id)

    def drain(self) -> None:
        """Claim no new turns and close all viewers; running turns go on for a while."""
        if not self.draining:
            self.draining = True
            self.hub.shut()
            log.info("draining", turns=len(self._runners))

    async def stop(self, grace_seconds: float) -> None:
        """Let running turns finish within the grace, end the others visibly, then end the loops."""
        self.drain()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace_seconds)
        for runner in list(self._runners.values()):
            runner.abort(AbortReason.SHUTDOWN)
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=10)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.clients.close()
        log.info("stopped", turns=len(self._runners))

    def _spawn(self, running: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(running)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, turn_id: TurnId, accepted: AcceptedTurn | None) -> None:
        running = None
        try:
            try:
                running = await in_database(claim.claim_turn, turn_id, self.owner, accepted)
            finally:
                self.hub.claim_ended(turn_id, claimed=running is not None)
            if running is None:
                return
            runner = Runner(running, self._shared)
            self._runners[turn_id] = runner
            if running.turn.stop_requested_at is not None:
                runner.abort(AbortReason.STOP)
            try:
                await runner.run()
            finally:
                del self._runners[turn_id]
            await self._follow_up(running.turn)
        except Exception:
            log.exception("turn_not_run")
        finally:
            self._starting.discard(turn_id)

    async def _follow_up(self, turn: Turn) -> None:
        """Do what follows a turn: the next answer of its comparison, and the title of its conversation.

        What a broken answer is followed by is still a part of its turn: see AnswerLoop.
        """
        if turn.compare_with:
            await self._begin_next(turn.id)
        unnamed = turn.conversation.title_status == Conversation.TitleStatus.NONE
        if unnamed and await in_database(needs_title, turn.conversation_id):
            job_queue.enqueue(wake_for_title, str(turn.conversation_id))

    async def _begin_next(self, turn_id: TurnId) -> None:
        """Begin the next answer of a turn's comparison, if one follows; those that are refused end at once."""
        while not self.draining:
            try:
                begun = await in_database(comparison.begin_next, turn_id)
            except Exception:
                log.exception("comparison_not_continued")
                return
            if begun is None:
                return
            turn = begun.turn
            if not turn.finished:
                self.hub.tell(turn.conversation_id, accepted(turn))
                await self.wake(turn.id, begun)
                return
            self.hub.show_ended(turn, await in_database(stored_frames, turn.id))
            log.warning("comparison_refused", turn=str(turn.id), code=turn.error_code)
            turn_id = turn.id

    async def _beat(self) -> None:
        await asyncio.sleep(settings.TURN_LEASE_SECONDS / BEATS_PER_LEASE)
        turn_ids = list(self._runners)
        if not turn_ids:
            return
        held = await in_database(claim.renew_leases, self.owner, turn_ids)
        for turn_id in turn_ids:
            runner = self._runners.get(turn_id)
            if runner is not None and turn_id not in held:
                runner.abort(AbortReason.LOST)

    async def _tick(self) -> None:
        await asyncio.sleep(TICK_SECONDS)
        for runner in list(self._runners.values()):
            runner.tick()
        if self._busy and not self._tasks:
            memory.return_unused()  # that of streams which have all ended
        self._busy = bool(self._tasks)
        self._growth.check()  # that of pages, files and long requests
        if self._runners:
            for turn_id in await in_database(claim.stop_requests, self.owner):
                self.stop_turn(turn_id)
        if not self.draining:
            for turn_id in await in_database(claim.queued_turns):
                await self.wake(turn_id)

    async def _look(self) -> None:
        """Catch up with other processes: at a hint, else once a second while conversations are watched.

        Turns are read only when another process may have advanced them, or when a second has passed: hints get lost.
        """
        # Not `wait_for`: in Python 3.11 it takes no cancellation at the moment of the hint, and the process never ends.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK_SECONDS):
                await self._look_due.wait()
        self._look_due.clear()
        began = asyncio.get_running_loop().time()
        if self._turns_advanced or began - self._looked_at >= TICK_SECONDS:
            self._turns_advanced, self._looked_at = False, began
            await self.hub.look()
        await self._send_news()
        # A look grows with what is watched, so that a busy process looks less often.
        spent = asyncio.get_running_loop().time() - began
        await asyncio.sleep(max(SHORTEST_LOOK_SECONDS, min(4 * spent, TICK_SECONDS)))

    async def _send_news(self) -> None:
        """Send viewers news of changed and deleted conversations; looks overlap, and repeated news is left out."""
        watched = list(self.hub.viewers)
        if not watched:
            self._news.clear()
            return
        self._news = {key: stamp for key, stamp in self._news.items() if key in self.hub.viewers}
        news = await in_database(conversation_news, watched, timezone.now() - NEWS_OVERLAP)
        for message in news:
            stamp, identifier = message.pop("stamp"), message.pop("id")
            if stamp is None:
                self._send_deletion(identifier, message)
            elif self._news.get(identifier) != stamp:
                self._news[identifier] = stamp
                self.hub.tell(identifier, message)

    def _send_deletion(self, conversation_id: ConversationId, message: dict[str, Any]) -> None:
        """Send viewers the deletion of their conversation, and unsubscribe them."""
        self.hub.tell(conversation_id, message)
        for viewer in list(self.hub.viewers.get(conversation_id, ())):
            self.hub.unsubscribe(viewer, conversation_id)

    async def _reap(self) -> None:
        await asyncio.sleep(REAP_SECONDS)
        # What runs here is alive, even when the database kept its heartbeat waiting.
        for turn_id in await in_database(self._leases.reap, alive=set(self._runners)):
            log.warning("turn_reaped", turn=str(turn_id))
        if self.draining:
            return
        # Of comparisons whose process died, or whose turn ended without an owner. Those that end here follow their
        # last frames.
        for turn_id in await in_database(comparison.due_turns):
            if turn_id not in self._starting:
                await self._begin_next(turn_id)

    async def _listen(self) -> None:
        """Receive hints. Of its own hints an engine needs only the news of conversations."""
        layer, own = get_channel_layer(), hints.origin(asyncio.get_running_loop())
        if layer is None:
            await asyncio.Event().wait()
            return
        channel = await layer.new_channel()
        await layer.group_add(hints.HINT_GROUP, channel)
        while True:
            hint = await layer.receive(channel)
            if "viewers" in hint and hint.get("origin") != own:
                self.hub.elsewhere.take(hint["origin"], hint["viewers"])
            for turn_id in hint.get("stops", ()):
                for runner in self._named(turn_id):
                    runner.abort(AbortReason.STOP)
            for turn_id in hint.get("decided", ()):
                for runner in self._named(turn_id):
                    runner.look()
            subjects = frozenset(hint.keys() & {"turns", "conversations", "stops"})
            if not subjects or (hint.get("origin") == own and subjects == {"turns"}):
                continue  # its own flush: the viewers here have been given these frames
            if hint.get("origin") != own or subjects != {"conversations"}:
                self._turns_advanced = True
            self._look_due.set()

    def _named(self, name: str) -> list[Runner]:
        return [runner for turn_id, runner in self._runners.items() if str(turn_id) == name]

    def _send_hint(self, advanced: dict[str, int]) -> None:
        """Send one hint per flush for all turns, in a task of its own; deltas themselves never cross the layer."""
        layer = get_channel_layer()
        if layer is None or isinstance(layer, InMemoryChannelLayer):
            return
        self._unsent |= advanced
        if self._hint is None or self._hint.done():
            self._hint = asyncio.create_task(self._send_hints(layer))

    async def _send_hints(self, layer: Any) -> None:
        while self._unsent:
            advanced, self._unsent = self._unsent, {}
            await hints.send(layer, {"turns": advanced, "origin": hints.origin(asyncio.get_running_loop())})

    def _lost(self, turn_id: TurnId) -> None:
        runner = self._runners.get(turn_id)
        if runner is not None:
            runner.abort(AbortReason.LOST)


async def _repeat(step: Callable[[], Awaitable[None]]) -> None:
    """Repeat a loop's step; after a failure, which is logged, it goes on in a second."""
    while True:
        try:
            await step()
        except Exception:
            log.exception("engine_loop_failed", loop=getattr(step, "__name__", ""))
            await asyncio.sleep(1)


_engines: WeakKeyDictionary[asyncio.AbstractEventLoop, Engine] = WeakKeyDictionary()


def engine() -> Engine:
    """Return the engine of the running event loop, starting it if this is the first call."""
    loop = asyncio.get_running_loop()
    current = _engines.get(loop)
    if current is None:
        current = _engines[loop] = Engine()
        current.start()
    return current


async def stop_engine() -> None:
    """Stop the running loop's engine, if there is one, with the configured grace."""
    current = _engines.pop(asyncio.get_running_loop(), None)
    if current is not None:
        await current.stop(settings.TURN_GRACE_SECONDS)
