"""What all tests share: a private environment, no network, and real parts to test against."""

from collections.abc import Iterator

import pytest
from django.utils import translation

pytest_plugins = [
    "tests.support.chromium",
    "tests.support.network",
    "tests.support.server",
    "tests.support.services",
    "tests.support.simulator",
    "tests.faults.stage",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what would starve its like on one test process: browsers, local models, crowds of connections."""
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if item.get_closest_marker("local_model"):
            item.add_marker(pytest.mark.xdist_group("local_model"))
        if "at_once" in getattr(item, "fixturenames", ()):
            # Fifty connections to a PostgreSQL that takes a hundred.
            item.add_marker(pytest.mark.xdist_group("many_connections"))


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """Leave no language behind: a request activates one for its thread, and the next test is on the same."""
    yield
    translation.deactivate()
