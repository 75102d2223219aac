"""Has a summary written before a turn is answered; viewers see this call as a notice only.

The summary replaces all that came before it, so a cut summary or a refusal is not accepted as one. Its text is thrown
away then, and its bill stays.
"""

import dataclasses
from collections.abc import Iterator

from chat.claude.blocks import plain_text
from chat.claude.failures import Failure, FailureKind, failure
from chat.engine.attempt import Attempt, AttemptFailed
from chat.engine.database import in_database
from chat.engine.sender import Sender
from chat.models import ApiCall
from chat.operations.billing.paid_call import PaidCall
from chat.operations.turns import summaries
from chat.operations.turns.summaries import SummaryJob

# The failures of whole answers that are not a summary, by stop reason. Any other stop reason was not asked for.
_SHORTCOMINGS = {
    "end_turn": FailureKind.TRUNCATED,  # the answer is blank
    "max_tokens": FailureKind.TRUNCATED,
    "model_context_window_exceeded": FailureKind.CONTEXT_FULL,
    "refusal": FailureKind.REFUSED,
}


async def write_summary(sender: Sender, job: SummaryJob, numbers: Iterator[int]) -> None:
    """Have the summary written and keep it; failures that may pass are retried.

    `numbers` counts the attempts of the turn over all connections.

    Raises:
        AttemptFailed: there is no summary.
        TimeoutError: the turn is to end.
        ConnectionUnusable: the connection can't be used.
    """
    running = sender.running
    tries = 0
    while True:
        tries += 1
        paid = await in_database(summaries.open_summary_call, running, job, next(numbers))
        attempt = Attempt()
        cause = await _send(sender, paid, attempt) or _shortcoming(attempt)
        if cause is None:
            await in_database(summaries.keep_summary, running, job, _text(attempt))
            return
        if not cause.retryable or tries > running.connection.max_retries:
            raise AttemptFailed(cause)
        await sender.wait(cause, tries)


async def _send(sender: Sender, paid: PaidCall, attempt: Attempt) -> Failure | None:
    """Send the call and settle it, whatever happens; return why there is no whole answer."""
    status, cause = ApiCall.Status.CUT, None
    try:
        await sender.send(paid, attempt)
        status = ApiCall.Status.SUCCEEDED
    except AttemptFailed as error:
        status, cause = ApiCall.Status.FAILED, error.failure
    finally:
        if attempt.reached:
            outcome = attempt.outcome(whole=status == ApiCall.Status.SUCCEEDED)
            settlement = paid.settlement(outcome, status, code=cause.kind if cause else "")
            await in_database(paid.settle, settlement)
    return cause


def _shortcoming(attempt: Attempt) -> Failure | None:
    """Return why a whole answer is not a summary. It is not retryable: the model would most likely repeat it."""
    reason = attempt.fold.stop_reason or ""
    if reason == "end_turn" and _text(attempt).strip():
        return None
    short = failure(_SHORTCOMINGS.get(reason, FailureKind.PROTOCOL), f"the summary ended with {reason}")
    return dataclasses.replace(short, retryable=False)


def _text(attempt: Attempt) -> str:
    return plain_text(attempt.fold.message.get("content") or [])
