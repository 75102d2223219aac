"""A stage for whole flows: a running Parley, its upstream, its rows read without Parley, and its people's sockets."""

import asyncio
import contextlib
import dataclasses
import json
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
from psycopg.rows import dict_row
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chat.simulator.app import create_app
from tests.support.environment import ROOT, child
from tests.support.server import ADMIN_PASSWORD, Server, furnish
from tests.support.simulator import Upstream

PEOPLE = ["insider", "colleague", "outsider"]
LONGEST_WAIT_SECONDS = 40


class Rows:
    """The tables as they are, read past Parley's own code."""

    def __init__(self, server: Server) -> None:
        self._postgres = server.environment["DATABASE_URL"]
        self.file = server.data_dir / "parley.sqlite3"

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Run one statement with `?` places; UUIDs are given and returned in their usual spelling."""
        if self._postgres:
            with psycopg.connect(self._postgres, row_factory=dict_row) as connection:
                cursor = connection.execute(sql.replace("?", "%s"), values)
                return [_plain(row) for row in cursor.fetchall()] if cursor.description else []
        with contextlib.closing(sqlite3.connect(self.file, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            with connection:
                found = connection.execute(sql, [_hex(value) for value in values]).fetchall()
            return [_plain(dict(row)) for row in found]

    def turn(self, turn: str) -> dict[str, Any]:
        return self.query("SELECT * FROM chat_turn WHERE id = ?", turn)[0]

    def calls(self, turn: str) -> list[dict[str, Any]]:
        return self.query("SELECT * FROM chat_apicall WHERE turn_id = ? ORDER BY id", turn)

    def answers(self, turn: str) -> list[dict[str, Any]]:
        return self.query(
            "SELECT * FROM chat_message WHERE turn_id = ? AND role = 'assistant' ORDER BY depth", turn
        )

    def text(self, turn: str) -> str:
        return "".join(answer["text"] for answer in self.answers(turn))

    def frames(self, turn: str) -> list[bytes]:
        rows = self.query("SELECT frames FROM chat_turnevent WHERE turn_id = ? ORDER BY first_seq", turn)
        return [orjson.dumps(event) for row in rows for event in orjson.loads(row["frames"])]


def _hex(value: Any) -> Any:
    with contextlib.suppress(ValueError, AttributeError, TypeError):
        return UUID(value).hex if len(value) == 36 else value
    return value


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Write identifiers as the socket does, whatever the database keeps."""
    return {
        name: str(UUID(str(value)))
        if value and (name == "id" or name.endswith("_id")) and re.fullmatch(r"[0-9a-f-]{32,36}", str(value))
        else value
        for name, value in row.items()
    }


class Line:
    """One socket and all that came over it, in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.messages: list[dict[str, Any]] = []
        self.frames: dict[str, list[bytes]] = {}
        self.received_at: dict[tuple[str, int], float] = {}
        self.close_code: int | None = None
        self._news = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        try:
            async for text in self.connection:
                message = orjson.loads(text)
                self.messages.append(message)
                if "seq" in message:
                    self.frames.setdefault(message["turn"], []).append(text.encode())
                    self.received_at.setdefault((message["turn"], message["seq"]), clock())
                self._wake()
        except ConnectionClosed:
            pass
        self.close_code = self.connection.close_code
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def send(self, **command: Any) -> None:
        await self.connection.send(orjson.dumps(command).decode())

    async def until(self, wanted: Callable[[dict[str, Any]], bool], *, after: int = 0) -> dict[str, Any]:
        """Return the first message, of all that came and will come, that is wanted."""
        seen = after
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            while True:
                news = self._news
                for message in self.messages[seen:]:
                    if wanted(message):
                        return message
                seen = len(self.messages)
                assert self.close_code is None, f"closed with {self.close_code}: {self.messages[-3:]}"
                await news.wait()

    async def expect(self, kind: str, *, count: int = 1, **fields: Any) -> dict[str, Any]:
        """Return the count-th message of a type with these fields."""
        left = count

        def wanted(message: dict[str, Any]) -> bool:
            nonlocal left
            if message["type"] == kind and fields.items() <= message.items():
                left -= 1
            return left == 0

        return await self.until(wanted)

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command with a client id and return what answers it: turn.accepted or error."""
        client = command.setdefault("client_id", str(uuid4()))
        seen = len(self.messages)
        await self.send(**command)
        answers = ("turn.accepted", "error")
        return await self.until(
            lambda found: found["type"] in answers and found.get("client_id") == client, after=seen
        )

    async def start(self, text: str, **command: Any) -> dict[str, Any]:
        """Start a turn and return its turn.accepted."""
        answer = await self.ask(**{"type": "turn.start", "text": text, **command})
        assert answer["type"] == "turn.accepted", answer
        return answer

    async def refused(self, **command: Any) -> str:
        """Send a command that is refused and return the error's code."""
        seen = len(self.messages)
        await self.send(**command)
        return str((await self.until(lambda found: found["type"] == "error", after=seen))["code"])

    async def finished(self, turn: str) -> dict[str, Any]:
        return await self.expect("turn.finished", turn=turn)

    async def closed(self) -> int:
        """Wait for the end of the socket and return its code."""
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            await asyncio.wait({self._reader})
        assert self.close_code is not None
        return self.close_code

    def text(self, turn: str) -> str:
        deltas = (found for found in self.messages if found.get("turn") == turn)
        return "".join(
            found["text"] for found in deltas if found["type"] == "block.delta" and "text" in found
        )


@dataclasses.dataclass
class Parley:
    """A running server with its upstream, people and connections."""

    server: Server
    upstream: Upstream
    rows: Rows
    people: dict[str, dict[str, str]]
    models: dict[str, str]
    assistant: str

    @contextlib.asynccontextmanager
    async def socket(
        self, name: str = "insider", *, scope: str = "chat", url: str = "", **options: Any
    ) -> AsyncIterator[Line]:
        """Open a socket with a person's key."""
        headers = {"Authorization": f"Bearer {self.people[name][scope]}"}
        async with connect(
            url or self.server.ws_url, additional_headers=headers, **SOCKET, **options
        ) as connection:
            yield Line(connection)

    @contextlib.asynccontextmanager
    async def page_socket(
        self, cookie: str, *, origin: str | None = "", query: str = ""
    ) -> AsyncIterator[Line]:
        """Open a socket as the page does: session cookie and Origin."""
        headers = {"Cookie": cookie}
        if origin is not None:
            headers["Origin"] = origin or self.server.url
        async with connect(self.server.ws_url + query, additional_headers=headers, **SOCKET) as connection:
            yield Line(connection)

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
        assert "sessionid" in found, "not signed in"
        return f"sessionid={found['sessionid']}"

    def shell(self, code: str) -> str:
        """Run Python on this server's data and return what it printed."""
        return self.server.shell(code)

    def connection(self, name: str, **fields: Any) -> str:
        """Add one more connection and return the id of its model."""
        spec = {"name": name, "base_url": self.upstream.url, "credential": f"sk-{name}", **fields}
        made = json.loads(self.shell(f"from tests.faults.seed import seed; seed([{spec!r}], [])"))
        self.models |= made["models"]
        return str(made["models"][name])


SOCKET: dict[str, Any] = {"proxy": None, "max_size": 64 * 2**20, "compression": None, "ping_interval": None}


def prepare(folder: Path, **environment: str) -> Path:
    """Make a data folder with a migrated database; for runs outside of pytest, without collected static files."""
    folder.mkdir()
    (folder / "static").mkdir()
    (folder / "static.stamp").touch()
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    for store in [{}, environment] if environment else [{}]:
        subprocess.run(command, cwd=ROOT, env=child(folder, **store), check=True, timeout=300)
    (folder / "parley.sqlite3").rename(folder / "empty.sqlite3")
    return folder


def build(
    prepared: Path,
    folder: Path,
    upstream: Upstream,
    connections: list[dict[str, Any]],
    *,
    measured: bool = True,
    **environment: str,
) -> Parley:
    """Make a Parley with data of its own, seeded and not started. A DATABASE_URL leads to a migrated database."""
    furnish(folder, prepared, "empty.sqlite3")
    server = Server(folder, child(folder, measured=measured, SIMULATOR="off", **environment))
    rows = [
        {"base_url": upstream.url, "credential": f"sk-{fields['name']}", **fields} for fields in connections
    ]
    made = json.loads(
        server.shell(f"from tests.faults.seed import seed; seed({rows!r}, {PEOPLE!r}, {ADMIN_PASSWORD!r})")
    )
    return Parley(server, upstream, Rows(server), made["people"], made["models"], made["assistant"])


def ended_well(stage: Parley, pardoned: str = "") -> None:
    """Stop the server as a deploy does; it must have ended its engine and must never have met a failure of its own.

    Its ledger must be clean.

    Lines of the logger `pardoned` don't count: a library may complain of what a test did to it.
    """
    # uvicorn, when all is done, ends by the signal itself, so that supervisors see why.
    assert stage.server.stop() in (0, -signal.SIGTERM), stage.server.log[-4000:]
    assert '"event": "stopped"' in stage.server.log, stage.server.log[-4000:]
    own = [
        line for line in stage.server.log.splitlines() if not (pardoned and f'"logger": "{pardoned}' in line)
    ]
    failures = [line for line in own if "Traceback" in line or '"level": "error"' in line]
    assert not failures, "\n".join(failures)[:8000]
    told = stage.shell(
        "from chat.operations.billing.ledger_check import check_ledger\n"
        "print(*(f'{found.kind} {found.subject}: {found.detail}' for found in check_ledger().findings), sep='\\n')"
    )
    assert not told.strip(), told


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """The upstream of the session's stages: flat out unless a message asks for a pace."""
    with Upstream(create_app(pace=0)) as running:
        yield running


@pytest.fixture(scope="session")
def parley(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    """One Parley on SQLite for all tests that leave it as they found it."""
    from tests.faults.matrix import connections

    folder = tmp_path_factory.mktemp("stage") / "parley"
    stage = build(prepared_data, folder, upstream, [{"name": "plain"}, *connections()])
    stage.server.start()
    try:
        yield stage
        ended_well(stage)
    finally:
        stage.server.kill()
