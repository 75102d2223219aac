"""PostgreSQL, Redis and RabbitMQ: used where they are reachable, skipped elsewhere, demanded by REQUIRE_SERVICES=1."""

import os
import secrets
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

DEFAULTS = {
    "TEST_DATABASE_URL": "postgres://postgres:postgres@127.0.0.1:5432/postgres",
    "TEST_REDIS_URL": "redis://127.0.0.1:6379/9",
    "TEST_AMQP_URL": "amqp://guest:guest@127.0.0.1:5672//",
}


def service_url(variable: str) -> str:
    """Return the address of a reachable service.

    Skips the test when it is not reachable, or fails it when REQUIRE_SERVICES=1.
    """
    url = os.environ.get(variable) or DEFAULTS[variable]
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), timeout=2).close()
    except OSError as error:
        message = f"{variable}: nothing answers at {parts.hostname}:{parts.port} ({error})"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return url


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """The address of a new, empty PostgreSQL database that goes away after the test."""
    url = service_url("TEST_DATABASE_URL")
    name = f"parley_{secrets.token_hex(6)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield urlsplit(url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The address of an empty Redis database of this test process's own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    url = urlsplit(service_url("TEST_REDIS_URL"))
    own = url._replace(path=f"/{8 + int(worker) % 8}").geturl()
    with redis.Redis.from_url(own) as client:
        client.flushdb()
        yield own
        client.flushdb()


@pytest.fixture
def amqp_url() -> str:
    """The address of RabbitMQ. Queues are shared: name one of your own."""
    return service_url("TEST_AMQP_URL")
