"""Fixtures of all tests, and the plugins that start servers, browsers and services for them."""

import contextlib
import gc
from collections.abc import Generator, Iterator

import pytest
from asgiref.sync import SyncToAsync
from django.conf import settings
from django.core.cache import caches
from django.db import connections
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as examples
from pytest_django import DjangoDbBlocker

from chat.models import User
from tests import factories
from tests.support.pristine import restored_from_copy

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
examples.register_profile("parley", deadline=None, suppress_health_check=list(HealthCheck))
examples.load_profile("parley")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without garbage collection: it would look at a million objects again and again, and all of them stay."""
    gc.disable()
    collected = yield
    gc.freeze()
    gc.enable()
    return collected


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use a page as tests that need a browser."""
    for item in items:
        if "page" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest, django_db_modify_db_settings: None) -> None:
    """On PostgreSQL, copy a database that is migrated once for all test processes."""
    if not settings.SQLITE:
        connections["default"].settings_dict["TEST"]["TEMPLATE"] = request.getfixturevalue(
            "postgres_template"
        )


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Let go of the database before it is dropped: the thread of `sync_to_async` keeps a connection open."""
    with contextlib.ExitStack() as stack:
        if settings.SQLITE:
            with django_db_blocker.unblock():
                stack.enter_context(restored_from_copy())
        yield
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture
def insider(db: None) -> User:
    return factories.person("insider")


@pytest.fixture
def outsider(db: None) -> User:
    return factories.person("outsider")


@pytest.fixture(autouse=True)
def fresh_process_cache() -> None:
    """Forget what the process remembers of rows: each test has a database of its own."""
    caches["process"].clear()


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """Deactivate the language after each test: a request activates one for its thread."""
    yield
    translation.deactivate()
