"""A running Parley for tests of whole flows: its server, its upstream, its people and its models."""

import contextlib
import dataclasses
import functools
import json
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from websockets.asyncio.client import connect

from chat.simulator.app import create_app
from tests.support.database_rows import DatabaseRows
from tests.support.environment import ROOT, child
from tests.support.server import ADMIN_PASSWORD, Server, furnish
from tests.support.simulator import Upstream
from tests.support.socket_client import SOCKET_OPTIONS, SocketClient

PEOPLE = ["insider", "colleague", "outsider"]


@dataclasses.dataclass
class Parley:
    """A server with its upstream. `people` holds ids, addresses and API keys by scope; `models` ids by connection."""

    server: Server
    upstream: Upstream
    rows: DatabaseRows
    people: dict[str, dict[str, str]]
    models: dict[str, str]
    assistant: str

    @contextlib.asynccontextmanager
    async def socket(
        self, name: str = "insider", *, scope: str = "chat", url: str = "", **options: Any
    ) -> AsyncIterator[SocketClient]:
        """Open a socket with a person's key."""
        headers = {"Authorization": f"Bearer {self.people[name][scope]}"}
        url = url or self.server.ws_url
        async with connect(url, additional_headers=headers, **SOCKET_OPTIONS, **options) as connection:
            yield SocketClient(connection)

    @contextlib.asynccontextmanager
    async def page_socket(
        self, cookie: str, *, origin: str | None = "", query: str = ""
    ) -> AsyncIterator[SocketClient]:
        """Open a socket as the page does: session cookie and Origin."""
        headers = {"Cookie": cookie}
        if origin is not None:
            headers["Origin"] = origin or self.server.url
        url = self.server.ws_url + query
        async with connect(url, additional_headers=headers, **SOCKET_OPTIONS) as connection:
            yield SocketClient(connection)

    def sign_in(self, name: str) -> str:
        """Sign in over HTTP, as the page does, and return the session's cookie."""
        jar = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        address = f"{self.server.url}/accounts/login/"
        page = opener.open(address, timeout=20).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:500]
        form = {
            "login": self.people[name]["email"],
            "password": ADMIN_PASSWORD,
            "csrfmiddlewaretoken": token[1],
        }
        request = urllib.request.Request(address, urllib.parse.urlencode(form).encode(), {"Referer": address})
        opener.open(request, timeout=20).read()
        found = {cookie.name: cookie.value for cookie in jar}
        assert "parley_session" in found, "not signed in"
        return f"parley_session={found['parley_session']}"

    def shell(self, code: str) -> str:
        """Run Python on this server's data and return what it printed."""
        return self.server.shell(code)

    def connection(self, name: str, **fields: Any) -> str:
        """Add one more connection and return the id of its model."""
        spec = {"name": name, "base_url": self.upstream.url, "credential": f"sk-{name}", **fields}
        made = json.loads(self.shell(f"from tests.faults.seed_rows import seed; seed([{spec!r}], [])"))
        self.models |= made["models"]
        return str(made["models"][name])

    @contextlib.contextmanager
    def running(self, *, clean: bool = True) -> Iterator["Parley"]:
        """Run the server while `with` lasts; `clean` checks its shutdown, its log and its ledger at the end."""
        self.server.start()
        try:
            yield self
            if clean:
                assert_clean_shutdown(self)
        finally:
            self.server.kill()


@functools.cache
def _hashed_password() -> str:
    """Return the hash of the people's password as a server makes it, which takes a quarter of a second."""
    hasher = PBKDF2PasswordHasher()
    return str(hasher.encode(ADMIN_PASSWORD, hasher.salt()))


def create_data_folder(folder: Path, **environment: str) -> Path:
    """Create a data folder with a migrated database, without collected static files, for runs outside of pytest."""
    folder.mkdir()
    (folder / "static").mkdir()
    (folder / "static.stamp").touch()
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    for store in [{}, environment] if environment else [{}]:
        subprocess.run(command, cwd=ROOT, env=child(folder, **store), check=True, timeout=300)
    (folder / "parley.sqlite3").rename(folder / "empty.sqlite3")
    return folder


def create_parley(
    prepared: Path,
    folder: Path,
    upstream: Upstream,
    connections: list[dict[str, Any]],
    **environment: str,
) -> Parley:
    """Create a Parley with data of its own, seeded and not started. A DATABASE_URL must lead to a migrated database."""
    furnish(folder, prepared, "empty.sqlite3")
    server = Server(folder, child(folder, SIMULATOR="off", **environment))
    rows = [
        {"base_url": upstream.url, "credential": f"sk-{fields['name']}", **fields} for fields in connections
    ]
    seed = f"from tests.faults.seed_rows import seed; seed({rows!r}, {PEOPLE!r}, {_hashed_password()!r})"
    made = json.loads(server.shell(seed))
    return Parley(server, upstream, DatabaseRows(server), made["people"], made["models"], made["assistant"])


def assert_clean_shutdown(parley: Parley, ignored_logger: str = "") -> None:
    """Stop the server as a deploy does, and check that it ended its engine, logged no error and left a clean ledger.

    Lines of `ignored_logger` don't count: a library may log an error about what a test did to it.
    """
    # After a complete shutdown uvicorn ends by the signal itself, so that supervisors see the reason.
    assert parley.server.stop() in (0, -signal.SIGTERM), parley.server.log[-4000:]
    assert '"event": "stopped"' in parley.server.log, parley.server.log[-4000:]
    lines = parley.server.log.splitlines()
    if ignored_logger:
        lines = [line for line in lines if f'"logger": "{ignored_logger}' not in line]
    failures = [line for line in lines if "Traceback" in line or '"level": "error"' in line]
    assert not failures, "\n".join(failures)[:8000]
    findings = parley.shell(
        "from chat.operations.billing.ledger_check import check_ledger\n"
        "print(*(f'{found.kind} {found.subject}: {found.detail}' for found in check_ledger().findings), sep='\\n')"
    )
    assert not findings.strip(), findings


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """The upstream of all servers of this test process. It answers at once unless a message asks for a pace."""
    with Upstream(create_app(pace=0)) as running:
        yield running


@pytest.fixture(scope="session")
def parley(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    """One Parley on SQLite, shared by all tests of this process that leave it as they found it."""
    from tests.faults.upstream_cases import connections

    folder = tmp_path_factory.mktemp("shared") / "parley"
    created = create_parley(prepared_data, folder, upstream, [{"name": "plain"}, *connections()])
    with created.running():
        yield created
