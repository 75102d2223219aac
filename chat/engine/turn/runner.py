"""Runs one turn in this process from its claim to its end, within its time limits."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable

import structlog
from django.db import Error as DatabaseError

from chat import metrics
from chat.engine.database import at_last
from chat.engine.turn.answer_loop import AnswerLoop
from chat.engine.turn.calls import Caller
from chat.engine.turn.cancellation import AbortReason, Cancellation
from chat.engine.turn.coalescer import Pace
from chat.engine.turn.end import CRASHED, FAILURES, aborted_end, failed_end, with_checked_output
from chat.engine.turn.final_write import final_write
from chat.engine.turn.output import TurnOutput
from chat.engine.turn.sender import Sender
from chat.engine.viewers.hub import Hub
from chat.engine.writer import Writer
from chat.events import payloads
from chat.operations.running_turn import LeaseLost, RunningTurn
from chat.operations.turns import finish
from chat.operations.turns.finish import TurnEnd
from chat.providers.clients import ClientPool

log = structlog.get_logger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Shared:
    """What all turns of an engine share."""

    hub: Hub
    writer: Writer
    clients: ClientPool
    pace: Pace


class Runner:
    """One turn in this process. `abort` may be called at any time; `tick` is called once a second."""

    def __init__(self, running: RunningTurn, shared: Shared) -> None:
        self.running = running
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._began = self._clock()
        self._output = TurnOutput(running, shared.hub, shared.writer, shared.pace)
        self._scope = Cancellation()
        self._caller = Caller(Sender(running, shared.clients, self._output.cutter, self._scope))
        self._loop = AnswerLoop(running, self._caller, self._output, self._scope)

    def abort(self, reason: AbortReason) -> None:
        """End the turn now, wherever it is: between calls, waiting for a retry, reading, or running tools."""
        self._scope.abort(reason)

    def tick(self) -> None:
        """Check the time limits."""
        if self._clock() - self._began > self.running.connection.turn_limit_seconds:
            self.abort(AbortReason.TOO_LONG)
        else:
            self._caller.check_silence()

    def look(self) -> None:
        """Check soon whether waiting tool calls were decided."""
        self._loop.look()

    async def run(self) -> None:
        """Run the turn to its end, or until it waits for a person. Only cancellation is raised."""
        turn = self.running.turn
        structlog.contextvars.bind_contextvars(turn=str(turn.id), conversation=str(turn.conversation_id))
        self._output.begin()
        metrics.TURNS_ACTIVE.inc()
        parked = False
        try:
            self._emit_start()
            end = await self._within_limits()
            parked = end is None
            if end is not None:
                await self._end(await with_checked_output(turn, self._caller.attempt, end))
        except Exception:
            log.exception("turn_crashed")
            await self._end(CRASHED)
        finally:
            if parked:
                self._output.park()
            else:
                self._output.close()
            metrics.TURNS_ACTIVE.dec()

    def _emit_start(self) -> None:
        if self.running.resumed:
            self._output.emit(payloads.turn_resumed())
            return
        metrics.TURNS_STARTED.inc()
        answer, model = str(self.running.message.id), self.running.model.model_id
        self._output.emit(payloads.turn_started(model=model, assistant_message=answer))

    async def _within_limits(self) -> TurnEnd | None:
        try:
            return await self._loop.run()
        except TimeoutError:
            if self._scope.reason is None:
                raise  # not from `abort`: a defect
        except LeaseLost:
            self.abort(AbortReason.LOST)
        except FAILURES as error:
            return failed_end(error, shown=self._caller.shown)
        return aborted_end(self._scope.reason, self._caller.attempt)

    async def _end(self, end: TurnEnd) -> None:
        """Write the end in one transaction, then show it; retry for a while if the database can't be reached."""
        kept, batch = False, None
        with contextlib.suppress(DatabaseError):
            write = await final_write(self.running, self._caller, self._loop.round, end)
            batch = await self._output.seal(*write.events)
            kept = await at_last(
                finish.finish_turn,
                self.running,
                end,
                batch,
                answer=write.answer,
                call=write.call,
                asked=write.asked,
            )
        if batch is None or not kept:
            # Another process has the turn, or the database can't be reached: viewers saw frames that will not be kept.
            self._output.refresh()
            return
        self._output.show(batch)
        metrics.TURNS_FINISHED.labels(end.status).inc()
        request = self._caller.attempt.request_id if self._caller.attempt else ""
        log.info("turn_finished", status=str(end.status), code=end.error_code, request=request)
