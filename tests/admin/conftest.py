"""Clients of the admin's tests, signed in as superuser, staff and ordinary person."""

import pytest
from django.test import Client

from chat.models import User
from tests.admin.world import World, build


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
