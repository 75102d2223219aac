"""Which tests share a test process, and their order, under `pytest -n`.

The tests of a module run in one process, so that its fixtures, often a whole Parley, are set up once. (Groups by mark,
xdist's own way, have no effect with this version of pytest.)
"""

from collections.abc import Generator

import pytest
from xdist.scheduler import LoadScopeScheduling

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
