"""One round of tools: the calls of one answer run at the same time, each within its own time limit."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.conf import settings

from chat.engine.database import at_last, in_database
from chat.engine.turn.cancellation import Cancellation
from chat.events import payloads
from chat.events.payloads import Event
from chat.models import ToolCall, Workspace
from chat.operations.running_turn import RunningTurn
from chat.operations.turns import tool_rounds
from chat.tools.result import ToolContext, ToolResult
from chat.tools.run import run_tool

log = structlog.get_logger(__name__)

AT_ONCE = 8
# How often the rows are read for decisions made in other processes while tools run.
LOOK_SECONDS = 1.0
# A tool ends itself at its time limit. This much later a tool that did not is cut off.
GRACE_SECONDS = 5.0

Status = ToolCall.Status


class ToolRound:
    """The tool calls of one answer, run in this process. Their rows are authoritative; `emit` shows their changes."""

    def __init__(
        self,
        running: RunningTurn,
        emit: Callable[[Event], None],
        scope: Cancellation,
        asked: Iterable[ToolCall] = (),
    ) -> None:
        self._running, self._emit, self._scope = running, emit, scope
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[Any, asyncio.Task[None]] = {}
        self._decided = asyncio.Event()
        # The status of each call as viewers know it. In a resumed round the process that decided has shown it.
        self._known: dict[Any, str] = {call.id: call.status for call in asked}

    def look(self) -> None:
        """Check soon whether a waiting call was decided."""
        self._decided.set()

    async def run(self) -> bool:
        """Run the calls that may run; return True once all are final, False once the rest wait for a person.

        Raises:
            TimeoutError: the turn is to end; no call runs any more, and `close` has to follow.
        """
        try:
            async with self._scope.abortable():
                return await self._run()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self) -> bool:
        while True:
            self._decided.clear()
            calls = await in_database(tool_rounds.calls_of, self._running.message.id)
            self._show_decisions(calls)
            for call in calls:
                if call.status == Status.READY and call.id not in self._tasks:
                    self._tasks[call.id] = asyncio.create_task(self._run_one(call))
            running = {task for task in self._tasks.values() if not task.done()}
            waiting = any(call.status == Status.WAITING for call in calls)
            if not running:
                for task in self._tasks.values():
                    task.result()
                return not waiting
            await self._wait(running, LOOK_SECONDS if waiting else None)

    async def _wait(self, running: set[asyncio.Task[None]], seconds: float | None) -> None:
        decided = asyncio.create_task(self._decided.wait())
        try:
            await asyncio.wait({decided, *running}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            decided.cancel()

    async def _run_one(self, call: ToolCall) -> None:
        async with self._slots:
            if not await in_database(tool_rounds.begin_call, call):
                return
            self._show(call, [payloads.tool_started(tool_call=str(call.id))], Status.RUNNING)
            result = await self._result(call)
            if await at_last(tool_rounds.finish_call, call, result.content, is_error=result.is_error):
                self._show(call, [tool_rounds.tool_finished_event(call)])

    async def _result(self, call: ToolCall) -> ToolResult:
        seconds = (call.tool.timeout_seconds if call.tool else 0) + GRACE_SECONDS
        context = await in_database(_context, self._running)
        try:
            async with asyncio.timeout(seconds):
                return await run_tool(call.tool, call.effective_input, context)
        except TimeoutError:
            log.warning("tool_hung", tool=call.name)
            return ToolResult(tool_rounds.text_result("The tool did not finish in time."), is_error=True)

    async def close(self, *, stopped: bool) -> list[Event]:
        """End the calls that are not final; return the events that viewers have not seen yet."""
        await at_last(tool_rounds.close, self._running.turn.id, stopped=stopped)
        calls = await at_last(tool_rounds.calls_of, self._running.message.id)
        return [tool_rounds.tool_finished_event(call) for call in calls if not self._is_shown(call)]

    def _is_shown(self, call: ToolCall) -> bool:
        return self._known.get(call.id) in ToolCall.FINAL

    def _show_decisions(self, calls: Iterable[ToolCall]) -> None:
        for call in calls:
            before = self._known.setdefault(call.id, call.status)
            if before == Status.WAITING and call.status != Status.WAITING:
                self._show(call, tool_rounds.decision_events(call))

    def _show(self, call: ToolCall, events: Iterable[Event], status: str = "") -> None:
        self._known[call.id] = status or call.status
        for event in events:
            self._emit(event)


def _context(running: RunningTurn) -> ToolContext:
    conversation, author = running.turn.conversation, running.turn.author
    return ToolContext(
        user_id=author.pk,
        conversation_id=conversation.id,
        assistant_id=conversation.assistant_id,
        language=author.language or settings.LANGUAGE_CODE,
        time_zone=author.time_zone or Workspace.current().time_zone,
    )
