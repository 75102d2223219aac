"""People for the tests of the API, and one running server for tests that need real HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.models import Conversation
from tests import factories
from tests.api.live_server import LiveServer
from tests.api.people import Person, person
from tests.support.server import furnished


@pytest.fixture
def insider(db: None) -> Person:
    return person("insider")


@pytest.fixture
def outsider(db: None) -> Person:
    return person("outsider")


@pytest.fixture
def chat(insider: Person) -> Conversation:
    """The insider's conversation: a question and its answer."""
    return factories.conversation(insider.user, "How high is it?", "Very high.")


@pytest.fixture(scope="session")
def live(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One Parley with the cast; its tests leave each other's conversations alone."""
    server = furnished(tmp_path_factory.mktemp("api"), prepared_data)
    try:
        running = LiveServer(server.start())
        yield running
        running.close()
    finally:
        server.kill()
