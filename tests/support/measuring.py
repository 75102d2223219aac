"""Coverage is measured where it counts.

Tests of pages, servers and stand-ins reach nothing of the packages that have to be covered whole which the other tests
do not reach, and while coverage is measured they take half as long again.
"""

from collections.abc import Generator

import pytest
from coverage import Coverage

from tests.support.environment import ROOT

UNMEASURED = {
    "admin",
    "bench",
    "browser",
    "config",
    "embedded",
    "faults",
    "management",
    "providers",
    "simulator",
}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    measuring = Coverage.current()
    if measuring is None or item.path.relative_to(ROOT / "tests").parts[0] not in UNMEASURED:
        return (yield)
    measuring.stop()
    try:
        return (yield)
    finally:
        measuring.start()
