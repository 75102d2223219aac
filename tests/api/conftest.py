"""People and their things for the API's tests, and one running server for all that needs real HTTP."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.models import Conversation
from tests.api.cast import Person, conversation, person
from tests.api.live import Live
from tests.support.environment import child
from tests.support.server import ADMIN_EMAIL, ADMIN_PASSWORD, Server


@pytest.fixture
def insider(db: None) -> Person:
    return person("insider")


@pytest.fixture
def outsider(db: None) -> Person:
    return person("outsider")


@pytest.fixture
def chat(insider: Person) -> Conversation:
    """The insider's conversation: a question and its answer."""
    return conversation(insider.user, "How high is it?", "Very high.")


@pytest.fixture(scope="session")
def live(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One Parley with the cast; its tests leave each other's conversations alone."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "static").symlink_to(prepared_data / "static")
    for name in ("parley.sqlite3", "static.stamp"):
        shutil.copy(prepared_data / name, folder)
    server = Server(folder, child(folder, ADMIN_EMAIL=ADMIN_EMAIL, ADMIN_PASSWORD=ADMIN_PASSWORD))
    try:
        server.manage("prepare")
        running = Live(server.start())
        yield running
        running.close()
    finally:
        server.kill()
