"""Models, running turns and both databases for tests of operations."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import environ
import pytest
from django.db import connections

from chat.models import LanguageModel, Turn, User
from tests import factories
from tests.support.at_once import at_once as in_threads


@pytest.fixture
def model(db: None) -> LanguageModel:
    return factories.language_model()


@pytest.fixture
def turn(insider: User) -> Turn:
    """A running turn of the insider, whose answer is empty so far."""
    return factories.turn(factories.conversation(insider), status="running", answer="")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def any_database(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[str]:
    """Run a test with real transactions on SQLite, and once more on PostgreSQL where it is reachable."""
    if request.param == "sqlite":
        yield "sqlite"
        return
    with _default_database(request.getfixturevalue("postgres_url")):
        yield "postgres"


@contextlib.contextmanager
def _default_database(url: str) -> Iterator[None]:
    """Let Django's default connection, of this and of new threads, lead to another database for a while."""
    settings, mine = connections.settings["default"], connections["default"]
    other = connections.configure_settings({"default": environ.Env.db_url_config(url)})
    connections.settings["default"] = other["default"]
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"], connections["default"] = settings, mine


@pytest.fixture
def at_once() -> Callable[..., list[Any]]:
    """A function that runs another many times at the same moment and returns what each returned or raised."""

    def run(function: Callable[[], Any], times: int = 50) -> list[Any]:
        def one(_number: int) -> Any:
            try:
                return function()
            finally:
                connections.close_all()

        return in_threads(one, times)

    return run
