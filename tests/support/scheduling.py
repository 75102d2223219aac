"""Which tests share a test process, and their order, under `pytest -n`.

The tests of a module run in one process, so that its fixtures, often a whole Parley, are set up once. (Groups by mark,
xdist's own way, have no effect with this version of pytest.)
"""

import contextlib
from collections.abc import Generator

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Parts of names by which tests share a scope, because the machine has only one of what they need.
ALONE = {
    "local_model": "the local model",
    "_at_once.py": "a PostgreSQL that takes a hundred connections",
}
# Modules of long tests that are independent of each other.
APART = ("test_kill.py", "test_whole_job.py")
SERVERS = {"parley", "live", "server", "stage", "pair", "failover"}


class ByModule(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        alone = next((scope for part, scope in ALONE.items() if part in nodeid), None)
        module = nodeid.partition("::")[0]
        return alone or (nodeid if module.endswith(APART) else module)

    def remove_node(self, node: WorkerController) -> str | None:
        """Let others do what a process that died left undone: not the test that it died of, and not what had ended.

        With these, as xdist does it, the next process would die of the same test, or wait for ever with nothing to do.
        """
        modules = self.assigned_work[node]
        died_of = next(
            (test for tests in modules.values() for test, ended in tests.items() if not ended), None
        )
        for module, tests in list(modules.items()):
            left = {test: False for test, ended in tests.items() if not ended and test != died_of}
            if left:
                modules[module] = left
            else:
                del modules[module]
        super().remove_node(node)
        return died_of

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Assign a module to a process; what a dead one gets goes back when its end is known."""
        with contextlib.suppress(OSError):
            super()._assign_work_unit(node)

    def schedule(self) -> None:
        """Assign each process a second module, as xdist does at the start: with one test alone a process waits."""
        super().schedule()
        for node in self.nodes:
            self._reschedule(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByModule:
    config.option.loadscopereorder = False  # the order is the one below
    return ByModule(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    """Run modules of long tests first, then those that need a server; the short ones fill the remaining time."""
    yield
    weights: dict[object, int] = {}
    for item in items:
        weight = 0 if item.get_closest_marker("slow") else 1 if SERVERS & _fixtures(item) else 2
        weights[item.path] = min(weight, weights.get(item.path, 2))
    items.sort(key=lambda item: weights[item.path])


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))
