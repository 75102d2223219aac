"""A job ends itself at its time limit, because threads of a worker can't be ended from outside."""

from chat.operations.time_limit import in_time


def test_items_beyond_the_time_limit_wait_for_the_next_run() -> None:
    clock = iter((0.0, 0.0, 4.0, 10.0)).__next__
    assert list(in_time("abcd", 10, clock)) == ["a", "b"]
    assert list(in_time("abcd")) == ["a", "b", "c", "d"]
