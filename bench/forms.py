"""The forms of Parley that are measured: embedded, on PostgreSQL and Redis, and there with two web processes."""

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bench.load import Figures, Load
from bench.parley import prepared, run_json
from tests.support.server import Server
from tests.support.services import ServiceUnreachable, postgres_database, reachable_url, redis_database

EMBEDDED, POSTGRES, TWO_PROCESSES = "embedded", "PostgreSQL + Redis", "two processes"


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """One Parley: its web processes, not started, and a key. The first starts the turns, the last serves viewers."""

    name: str
    servers: tuple[Server, ...]
    key: str

    @property
    def environment(self) -> dict[str, str]:
        return self.servers[0].environment

    def run(self, load: Load) -> Figures:
        """Let websocket clients carry a load."""
        job = {
            "pids": [server.process.pid for server in self.servers if server.process],
            "url": self.servers[0].ws_url,
            "viewer_url": self.servers[-1].ws_url,
            "key": self.key,
            "load": dataclasses.asdict(load),
        }
        return run_json("bench.clients", json.dumps(job))


@contextlib.contextmanager
def running(forms: list[Form]) -> Iterator[None]:
    """Run the web processes of all forms."""
    servers = [server for form in forms for server in form.servers]
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.stop()


@contextlib.contextmanager
def prepared_forms(folder: Path, upstream_url: str, python: str) -> Iterator[list[Form]]:
    """Prepare the data of all forms; those with services only where the services are reachable.

    `python` is the interpreter of their processes.
    """
    forms = [_embedded(folder / "embedded", upstream_url, python)]
    with contextlib.ExitStack() as stack:
        missing = missing_service()
        if missing:
            print(f"The forms on PostgreSQL and Redis are left out: {missing}", flush=True)
        else:
            redis_url = stack.enter_context(redis_database())
            forms += _on_services(folder / "services", upstream_url, python, stack, redis_url)
        yield forms


def missing_service() -> str:
    """Return which service is not reachable and why; "" when both are."""
    try:
        for variable in ("TEST_DATABASE_URL", "TEST_REDIS_URL"):
            reachable_url(variable)
    except ServiceUnreachable as error:
        return str(error)
    return ""


def _embedded(folder: Path, upstream_url: str, python: str) -> Form:
    folder.mkdir()
    server, key = prepared(folder, upstream_url, python)
    return Form(EMBEDDED, (server,), key)


def _on_services(
    folder: Path, upstream_url: str, python: str, stack: contextlib.ExitStack, redis_url: str
) -> Iterator[Form]:
    """Prepare one database, and a copy for the form with two processes: processes share turns with their database."""
    folder.mkdir()
    database_url = stack.enter_context(postgres_database())
    server, key = prepared(folder, upstream_url, python, DATABASE_URL=database_url, REDIS_URL=redis_url)
    yield Form(POSTGRES, (server,), key)
    copy_url = stack.enter_context(postgres_database(urlsplit(database_url).path[1:]))
    environment = {**server.environment, "DATABASE_URL": copy_url}
    yield Form(TWO_PROCESSES, tuple(Server(folder, environment, python) for _ in range(2)), key)
