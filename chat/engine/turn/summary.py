"""Has a summary written before a turn is answered; viewers see this call as a notice only.

The summary replaces all that came before it, so a cut summary or a refusal is not accepted as one. Its text is thrown
away then, and its bill stays.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Iterator

from chat.claude.content.blocks import plain_text
from chat.claude.failures import retries
from chat.claude.failures.failure import FailureKind, failure
from chat.engine.database import in_database
from chat.engine.turn.attempt import Attempt, AttemptFailed
from chat.engine.turn.sender import Sender
from chat.models import ApiCall
from chat.operations.billing.paid_call import PaidCall
from chat.operations.request.adaptation import RequestAdapter
from chat.operations.turns import summaries
from chat.operations.turns.summaries import SummaryJob

# Gateways tell the end of a whole answer by other words, or not at all.
_WHOLE = frozenset({"end_turn", "stop", ""})
# The failures of whole answers that are not a summary, by stop reason. Any other stop reason was not asked for.
_SHORTCOMINGS = {
    "end_turn": FailureKind.TRUNCATED,  # the answer is blank
    "max_tokens": FailureKind.TRUNCATED,
    "model_context_window_exceeded": FailureKind.CONTEXT_FULL,
    "refusal": FailureKind.REFUSED,
}


async def write_summary(
    sender: Sender,
    job: SummaryJob,
    numbers: Iterator[int],
    elsewhere: Callable[[], Awaitable[object]],
) -> None:
    """Have the summary written and keep it; failures that may pass are retried as those of answers.

    `numbers` counts the attempts of the turn over all connections. `elsewhere` returns another connection that could
    write it, if there is one.

    Raises:
        AttemptFailed: there is no summary.
        TimeoutError: the turn is to end.
        ConnectionUnusable: the connection can't be used.
    """
    running, adapter = sender.running, RequestAdapter(sender.running)
    tries, resent = 0, False
    while True:
        tries += 1
        paid = await in_database(summaries.open_summary_call, running, job, next(numbers))
        attempt = Attempt()
        try:
            await _send(sender, paid, attempt)
            _check(attempt)
        except AttemptFailed as error:
            changed = await in_database(adapter.adapt, job.request, error.failure)
            if changed is not None:
                job, tries = dataclasses.replace(job, request=changed), tries - 1
                continue
            if retries.may_resend(error.failure, error.seconds) and not resent:
                resent, tries = True, tries - 1
                continue
            if not await sender.may_retry(error, tries, elsewhere):
                raise
            await sender.wait(error.failure, tries)
        else:
            if adapter.dropped_breakpoints:
                await in_database(adapter.remember)
            await in_database(summaries.keep_summary, running, job, _text(attempt))
            return


async def _send(sender: Sender, paid: PaidCall, attempt: Attempt) -> None:
    """Send the call and settle it, whatever happens.

    Raises:
        AttemptFailed: there is no whole answer.
    """
    status, code = ApiCall.Status.CUT, ""
    try:
        await sender.send(paid, attempt)
        status = ApiCall.Status.SUCCEEDED
    except AttemptFailed as error:
        status, code = ApiCall.Status.FAILED, error.failure.kind
        raise
    finally:
        if attempt.reached:
            await in_database(paid.settle, paid.settlement(attempt.outcome(), status, code=code))


def _check(attempt: Attempt) -> None:
    """Check that a whole answer is a summary.

    Raises:
        AttemptFailed: it is not; this is not retryable, because the model would most likely repeat it.
    """
    reason = attempt.fold.stop_reason or ""
    if reason in _WHOLE and _text(attempt).strip():
        return
    short = failure(_SHORTCOMINGS.get(reason, FailureKind.PROTOCOL), f"the summary ended with {reason}")
    raise AttemptFailed(dataclasses.replace(short, retryable=False))


def _text(attempt: Attempt) -> str:
    return plain_text(attempt.fold.message.get("content") or [])
