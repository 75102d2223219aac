"""PostgreSQL, Redis and RabbitMQ: used where they are reachable, otherwise skipped; REQUIRE_SERVICES=1 demands them."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from tests.support.environment import ROOT, child
from tests.support.once import made_once, run_folder

DEFAULTS = {
    "TEST_DATABASE_URL": "postgres://postgres:postgres@127.0.0.1:5432/postgres",
    "TEST_REDIS_URL": "redis://127.0.0.1:6379/9",
    "TEST_AMQP_URL": "amqp://guest:guest@127.0.0.1:5672//",
}
TEMPLATE = "postgres-template"


class ServiceUnreachable(Exception):
    """Nothing answers at a service's address."""


def reachable_url(variable: str) -> str:
    """Return the address of a service, from the environment or its default.

    Raises:
        ServiceUnreachable: nothing answers there.
    """
    url = os.environ.get(variable) or DEFAULTS[variable]
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), timeout=2).close()
    except OSError as error:
        raise ServiceUnreachable(
            f"{variable}: nothing answers at {parts.hostname}:{parts.port} ({error})"
        ) from None
    return url


def service_url(variable: str) -> str:
    """Return the address of a reachable service.

    Skips the test when it is not reachable, or fails it when REQUIRE_SERVICES=1.
    """
    try:
        return reachable_url(variable)
    except ServiceUnreachable as error:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@contextlib.contextmanager
def postgres_database(template: str = "template1") -> Iterator[str]:
    """Make a PostgreSQL database, a copy of the one named `template`; yields its address and drops it at the end."""
    url = create_database(template)
    yield url
    drop_database(url)


def create_database(template: str) -> str:
    """Make a PostgreSQL database and return its address."""
    url, name = service_url("TEST_DATABASE_URL"), f"parley_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def drop_database(url: str) -> None:
    with psycopg.connect(service_url("TEST_DATABASE_URL"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres_template(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated PostgreSQL database, made once for all test processes; tests get copies of it."""

    def make(folder: Path) -> None:
        url = create_database("template1")
        (folder / "url").write_text(url)
        environment = child(tmp_path_factory.mktemp("template"), DATABASE_URL=url)
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=300)

    return urlsplit((made_once(tmp_path_factory, TEMPLATE, make) / "url").read_text()).path[1:]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop the template when the last test process has ended."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is None or hasattr(session.config, "workerinput"):
        return
    note = run_folder(factory) / TEMPLATE / "url"
    if note.exists():
        drop_database(note.read_text())


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    """The address of a new, migrated PostgreSQL database that goes away after the test."""
    with postgres_database(postgres_template) as url:
        yield url


@contextlib.contextmanager
def redis_database() -> Iterator[str]:
    """Empty a Redis database of this test process's own; yields its address and empties it again at the end.

    The one way to a Redis: a database that is used by its plain address is another process's, which empties it.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = urlsplit(service_url("TEST_REDIS_URL"))
    own = url._replace(path=f"/{8 + int(worker) % 8}").geturl()
    with redis.Redis.from_url(own) as client:
        client.flushdb()
        yield own
        client.flushdb()


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The address of an empty Redis database of this test process's own."""
    with redis_database() as url:
        yield url


@pytest.fixture
def amqp_url() -> str:
    """The address of RabbitMQ. Queues are shared: name one of your own."""
    return service_url("TEST_AMQP_URL")
