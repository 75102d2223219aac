"""How failed calls are repeated: turns, summaries and titles follow the same rules.

The wait doubles with each attempt. Where the upstream asks for a wait it gets that, up to the connection's limit.
"""

from chat.claude.failures.failure import Failure, FailureKind

LONGEST_STALE_SECONDS = 1.0
BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 8.0
LEAST_JITTER, MOST_JITTER = 0.75, 1.0


def may_repeat(cause: Failure, tries: int, *, max_retries: int) -> bool:
    """Return whether a call that failed `tries` times is to be sent again over the same connection."""
    return tries <= max_retries and cause.retryable


def may_resend(cause: Failure, seconds: float) -> bool:
    """Return whether to send a call again at once, which does not count as a retry.

    A connection that ends so soon without any response was most likely closed by its server while it was idle, at the
    moment when it was used again. The server has not looked at the request then.
    """
    return cause.unanswered and seconds < LONGEST_STALE_SECONDS


def is_silence(cause: Failure) -> bool:
    """Return whether nothing came in time, not even an error.

    An upstream that was reached and silent for as long as staff allow is not asked again: it would begin anew and be
    silent again.
    """
    return cause.kind is FailureKind.TIMEOUT and cause.status is None and cause.error_type is None


def wait_seconds(cause: Failure, tries: int, *, longest_asked: float, jitter: float) -> float:
    """Return the seconds before the next attempt; `jitter` (0.75 to 1) keeps clients from coming all at once."""
    if cause.retry_after_seconds is not None:
        return min(cause.retry_after_seconds, longest_asked)
    return min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2.0 ** (tries - 1)) * jitter
