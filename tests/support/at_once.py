"""Call a function many times at the same moment, each time in its own thread."""

from collections.abc import Callable
from threading import Barrier, Event, Thread
from typing import Any

GATE_SECONDS = 30


def at_once(function: Callable[[int], Any], times: int = 50) -> list[Any]:
    """Call `function(number)` for 0..times-1 at the same moment; returns what each returned or raised, in order.

    The threads begin one after the other: coverage sets its trace function at each beginning, and CPython refuses
    two of them at once.
    """
    gate = Barrier(times)
    results: list[Any] = [None] * times

    def one(number: int, begun: Event) -> None:
        begun.set()
        try:
            gate.wait(GATE_SECONDS)
            results[number] = function(number)
        except Exception as error:
            results[number] = error

    threads = []
    for number in range(times):
        begun = Event()
        thread = Thread(target=one, args=(number, begun))
        thread.start()
        begun.wait(GATE_SECONDS)
        threads.append(thread)
    for thread in threads:
        thread.join()
    return results
