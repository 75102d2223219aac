"""Places for jobs: one for each person, first come first served, and an end of waiting."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chat.readers.errors import Busy
from chat.readers.process.places import Places


class Job:
    """A job in a thread; it holds its place until it is told to end."""

    def __init__(self, places: Places, person: str, log: list[str]) -> None:
        self.begun, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(places, person, log))
        self._thread.start()

    def _run(self, places: Places, person: str, log: list[str]) -> None:
        with places.taken(person):
            log.append(person)
            self.begun.set()
            self._end.wait(30)

    def release(self) -> None:
        self._end.set()

    def end(self) -> None:
        self.release()
        self._thread.join(30)


@contextmanager
def started(places: Places) -> Iterator[tuple[Callable[[str], Job], list[str]]]:
    log: list[str] = []
    jobs: list[Job] = []

    def start(person: str) -> Job:
        before = places.waiting()
        job = Job(places, person, log)
        jobs.append(job)
        while not job.begun.wait(0.01) and places.waiting() == before:
            pass
        return job

    try:
        yield start, log
    finally:
        for job in jobs:
            job.release()
        for job in jobs:
            job.end()


def test_a_person_has_one_place_and_others_have_theirs() -> None:
    with started(Places(2)) as (start, log):
        first = start("a")
        later = [start("a") for _number in range(3)]
        assert not any(job.begun.is_set() for job in later)
        other = start("b")
        assert other.begun.is_set()
        assert log == ["a", "b"]
        first.end()
        assert later[0].begun.wait(30)
        assert not later[1].begun.is_set()


def test_places_are_taken_in_the_order_of_asking() -> None:
    with started(Places(1)) as (start, log):
        jobs = [start(person) for person in ("a", "b", "c", "b")]
        for job in jobs:
            assert job.begun.wait(30)
            job.end()
        assert log == ["a", "b", "c", "b"]


def test_jobs_of_no_person_share_the_places() -> None:
    with started(Places(2)) as (start, _log):
        assert start("").begun.is_set()
        assert start("").begun.is_set()
        assert not start("").begun.is_set()


def test_waiting_ends_and_leaves_the_queue() -> None:
    places = Places(1)
    with places.taken("a"):
        for person in ("a", "b"):
            with pytest.raises(Busy), places.taken(person, seconds=0):
                pytest.fail("there is no second place")
        assert places.waiting() == 0
    with places.taken("b", seconds=0):
        pass


def test_a_failed_job_gives_its_place_back() -> None:
    places = Places(1)
    with pytest.raises(ValueError, match="damaged"), places.taken("a"):
        raise ValueError("damaged")
    with places.taken("a", seconds=0):
        pass
