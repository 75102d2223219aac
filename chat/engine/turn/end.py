"""How a turn ends: by the model's own choice, after a failure, or from outside."""

import asyncio
import dataclasses

from chat.claude.failures.failure import FailureKind
from chat.claude.request.transcript import RequestError
from chat.claude.stream.next_step import asks_for_tools, effective_stop_reason
from chat.engine.turn.attempt import Attempt, AttemptFailed
from chat.engine.turn.cancellation import AbortReason
from chat.models import Turn
from chat.operations.errors import OperationError
from chat.operations.request import output_schema
from chat.operations.turns.finish import TurnEnd
from chat.providers.clients import ConnectionUnusable

# What ends a turn with a code; an OperationError is, for example, a budget that is used up.
FAILURES = (AttemptFailed, RequestError, ConnectionUnusable, OperationError)
CRASHED = TurnEnd(Turn.Status.FAILED, error_code="internal")


def natural_end(attempt: Attempt) -> TurnEnd:
    """Return the end that the model itself chose; tool_use and pause_turn if it may make no more calls in this turn."""
    stop_reason = effective_stop_reason(attempt.fold.message)
    refused = stop_reason == "refusal"
    return TurnEnd(Turn.Status.REFUSED if refused else Turn.Status.COMPLETED, stop_reason=stop_reason)


def failed_end(error: Exception, *, shown: bool) -> TurnEnd:
    """Return the end after one of `FAILURES`; a turn of which viewers have seen an answer is interrupted."""
    match error:
        case AttemptFailed():
            return _gave_up(error.failure.kind, error.failure.message, shown=shown)
        case RequestError():
            return _gave_up(FailureKind.INVALID_REQUEST, str(error), shown=shown)
        case OperationError():
            return _gave_up(error.code, error.detail, shown=shown)
    return _gave_up("connection_unusable", str(error), shown=shown)


def _goes_on(attempt: Attempt) -> bool:
    """Return whether an ended answer is not its turn's last."""
    return attempt.fold.stop_reason == "pause_turn" or asks_for_tools(attempt.fold.message)


def aborted_end(reason: AbortReason | None, attempt: Attempt | None) -> TurnEnd:
    """Return the end of a turn that was ended from outside while `attempt` was its last."""
    if attempt is not None and attempt.whole and not _goes_on(attempt):
        return natural_end(attempt)  # the answer was whole before the abort
    match reason:
        case AbortReason.STOP:
            return TurnEnd(Turn.Status.STOPPED)
        case AbortReason.TOO_LONG:
            return TurnEnd(Turn.Status.INTERRUPTED, error_code="turn_limit", detail="the turn's time limit")
    return TurnEnd(Turn.Status.INTERRUPTED, error_code="restarted")


async def with_checked_output(turn: Turn, attempt: Attempt | None, end: TurnEnd) -> TurnEnd:
    """Return the end of a turn after its answer was checked against the turn's output schema, if it has one."""
    schema = turn.output_schema
    if schema is None or attempt is None or end.status != Turn.Status.COMPLETED:
        return end
    content = attempt.fold.message["content"]
    # In a thread, because checking may take long and would hold up the event loop.
    fault = await asyncio.to_thread(output_schema.schema_fault, schema, content, end.stop_reason)
    if fault is not None:
        return TurnEnd(Turn.Status.FAILED, end.stop_reason, fault.code, fault.detail)
    return dataclasses.replace(end, stop_reason="end_turn")


def _gave_up(code: str, detail: str, *, shown: bool) -> TurnEnd:
    status = Turn.Status.INTERRUPTED if shown else Turn.Status.FAILED
    return TurnEnd(status, error_code=code, detail=detail)
