"""When a failed call is repeated, and after which wait."""

import pytest

from chat.claude.failures.failure import Failure, FailureKind, failure, from_error_event, from_response
from chat.claude.failures.retries import is_silence, may_repeat, wait_seconds

BUSY = from_response(529, "", {})


@pytest.mark.parametrize(("tries", "again"), [(1, True), (3, True), (4, False)])
def test_call_is_repeated_as_often_as_staff_allow(tries: int, again: bool) -> None:
    assert may_repeat(BUSY, tries, max_retries=3) == again
    assert not may_repeat(from_response(400, "", {}), tries, max_retries=3)


@pytest.mark.parametrize(
    ("tries", "jitter", "seconds"), [(1, 1.0, 0.5), (1, 0.75, 0.375), (3, 1.0, 2.0), (9, 1.0, 8.0)]
)
def test_wait_doubles_up_to_its_limit(tries: int, jitter: float, seconds: float) -> None:
    assert wait_seconds(BUSY, tries, longest_asked=60, jitter=jitter) == seconds


@pytest.mark.parametrize(("asked", "seconds"), [("0", 0.0), ("7", 7.0), ("90", 60.0)])
def test_upstream_gets_the_wait_it_asks_for(asked: str, seconds: float) -> None:
    cause = from_response(429, "", {"retry-after": asked})
    assert wait_seconds(cause, 5, longest_asked=60, jitter=1) == seconds


@pytest.mark.parametrize(
    ("cause", "silent"),
    [
        (failure(FailureKind.TIMEOUT, "ReadTimeout"), True),
        (failure(FailureKind.CONNECTION, "ReadError"), False),
        (from_response(504, "", {}), False),
        (from_error_event({"error": {"type": "timeout_error"}}), False),
    ],
)
def test_silence_is_no_error_of_the_upstream(cause: Failure, silent: bool) -> None:
    assert is_silence(cause) == silent
