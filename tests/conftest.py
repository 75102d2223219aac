"""What all tests share: a private environment, no network, and real parts to test against."""

from collections.abc import Iterator

import pytest
from django.utils import translation
from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.support.chromium",
    "tests.support.network",
    "tests.support.scheduling",
    "tests.support.server",
    "tests.support.services",
    "tests.support.simulator",
    "tests.support.parley",
]


# How long an example takes says how busy the machine is.
settings.register_profile("parley", deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("parley")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with a page need a browser."""
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """Leave no language behind: a request activates one for its thread, and the next test is on the same."""
    yield
    translation.deactivate()
