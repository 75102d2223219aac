"""One awaitable per command of a client: the operation, then viewers are told and the engine goes on with the turn."""

from collections.abc import Callable
from typing import Any

from chat.engine.database import in_database
from chat.engine.runtime import engine
from chat.engine.viewers.viewer import Viewer
from chat.events.payloads import accepted
from chat.models import Turn, User
from chat.operations import rates
from chat.operations.turns import accept, extraction, stop, tool_decisions
from chat.operations.turns.tool_decisions import Decided
from chat.operations.turns.turn_request import AcceptedTurn, TurnRequest


async def submit_turn(request: TurnRequest, viewer: Viewer | None = None) -> AcceptedTurn:
    """Accept a person's message and have it answered.

    A `viewer` watches a new turn from its first frame on. Raises as `accept.start_turn`; like all commands that begin
    a turn, too_many_requests too.
    """
    return await _run(viewer, accept.start_turn, request)


async def submit_retry(request: TurnRequest, viewer: Viewer | None = None) -> AcceptedTurn:
    """Have a message answered once more. Raises as `accept.retry_turn`."""
    return await _run(viewer, accept.retry_turn, request)


async def submit_continuation(request: TurnRequest, viewer: Viewer | None = None) -> AcceptedTurn:
    """Have an answer continued. Raises as `accept.continue_turn`."""
    return await _run(viewer, accept.continue_turn, request)


async def submit_extraction(request: TurnRequest, *, instructions: str) -> AcceptedTurn:
    """Have data extracted from a text. Raises as `extraction.start_extraction`."""
    return await _run(None, extraction.start_extraction, request, instructions=instructions)


async def submit_stop(user: User, turn_id: object) -> Turn:
    """Stop a turn, wherever it runs. Raises as `stop.stop_turn`."""
    turn = await in_database(stop.stop_turn, user=user, turn_id=turn_id)
    engine().stop_turn(turn.id)
    return turn


async def submit_decision(user: User, tool_call_id: object, **decision: Any) -> Decided:
    """Decide about a waiting tool call and go on with its turn. Arguments and errors: `tool_decisions.decide_call`."""
    decided = await in_database(tool_decisions.decide_call, user=user, tool_call_id=tool_call_id, **decision)
    await engine().decided(decided.turn_id, resumes=decided.resumes)
    return decided


def _counted(operation: Callable[..., AcceptedTurn], request: TurnRequest, **more: Any) -> AcceptedTurn:
    rates.count(rates.TURNS, request.author.pk)
    return operation(request, **more)


async def _run(
    viewer: Viewer | None, operation: Callable[..., AcceptedTurn], request: TurnRequest, **more: Any
) -> AcceptedTurn:
    found = await in_database(_counted, operation, request, **more)
    if found.created:
        turn, hub = found.turn, engine().hub
        if viewer is not None:
            hub.subscribe(viewer, turn.conversation_id)
        hub.tell(turn.conversation_id, accepted(turn))
        # Under load the engine's own look may have begun the turn already: then the viewer keeps its place.
        if viewer is not None and turn.id not in viewer.watched | viewer.read:
            # The viewer gets the turn's end wherever it runs, also when it is stopped before it is claimed.
            viewer.watch(turn.id, turn.conversation_id, 0)
        await engine().wake(turn.id, found)
    return found
