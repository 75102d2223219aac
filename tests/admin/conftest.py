"""Clients of the admin's tests, signed in as superuser, staff and ordinary person, and a server for browsers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from chat.models import User
from tests.admin.world import World, build
from tests.support.server import Server, furnished


@pytest.fixture
def world(db: None) -> World:
    return build()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def root(world: World) -> Client:
    return signed_in(world.root)


@pytest.fixture
def staff(world: World) -> Client:
    return signed_in(world.staff)


@pytest.fixture
def person(world: World) -> Client:
    return signed_in(world.person)


@pytest.fixture(scope="session")
def server(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One Parley for the pages of staff; what a test adds has a name of its own."""
    running = furnished(tmp_path_factory.mktemp("admin"), prepared_data)
    try:
        yield running.start()
    finally:
        running.kill()
