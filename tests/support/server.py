"""Parley web processes for tests, each with its own data, which can be killed and started again."""

import contextlib
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.environment import ROOT, child
from tests.support.fork_server import ForkedProcess, ForkServer, share_fork_server, start_process
from tests.support.once import made_once
from tests.support.shell import Shell

READY_SECONDS = 180
ADMIN_EMAIL = "admin@example.test"
ADMIN_PASSWORD = "a-long-password-of-the-tests"
ADMIN = {"ADMIN_EMAIL": ADMIN_EMAIL, "ADMIN_PASSWORD": ADMIN_PASSWORD}


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Server:
    """One Parley: `start`, `kill` (SIGKILL), `stop` (SIGTERM), and the address and data it keeps over restarts."""

    def __init__(self, folder: Path, environment: dict[str, str], python: str = sys.executable) -> None:
        """Make a Parley; `python` is its interpreter where no fork server is shared."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}/ws/chat/"
        self.data_dir = folder
        self.python = python
        self.log_path = folder / f"web-{self.port}.log"
        self.environment = {**environment, "PORT": str(self.port), "CSRF_TRUSTED_ORIGINS": self.url}
        self.process: ForkedProcess | subprocess.Popen[bytes] | None = None
        self._shell: Shell | None = None

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def manage(self, *arguments: str) -> str:
        """Run a management command on this server's data and return what it printed.

        Raises:
            AssertionError: it failed; the message is its whole output.
        """
        done = subprocess.run(
            [self.python, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def shell(self, code: str) -> str:
        """Run Python on this server's data, as `manage.py shell` would, and return what it printed."""
        if self._shell is None:
            self._shell = Shell(self.environment)
        return self._shell.run(code)

    def close_shell(self) -> None:
        if self._shell is not None:
            self._shell.close()
            self._shell = None

    def start(self, *options: str) -> "Server":
        """Start the process, with the options of production, and return when /readyz says yes."""
        # An option given twice counts the last time, so a test may change any of them.
        command = f"""uvicorn config.asgi:application --host 127.0.0.1 --port {self.port} --no-access-log
            --loop uvloop --http chat.embedded.protocols:HttpProtocol --ws chat.embedded.protocols:SocketProtocol
            --no-proxy-headers --ws-per-message-deflate false --lifespan on
            --ws-max-size 12065536 --timeout-graceful-shutdown 30 --log-level warning""".split()
        with self.log_path.open("ab") as log, Path(os.devnull).open("rb") as nothing:
            files = (nothing.fileno(), log.fileno(), log.fileno())
            self.process = start_process([*command, *options], self.environment, files, self.python)
        self._await_ready(self.process)
        return self

    def _await_ready(self, process: ForkedProcess | subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"the server ended with {process.returncode}:\n{self.log[-4000:]}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                    return
            except urllib.error.HTTPError as error:
                reason = error.read().decode(errors="replace")
            except OSError as error:
                reason = str(error)
            time.sleep(0.05)  # another process starts: there is no event to wait for
        raise AssertionError(f"not ready in {READY_SECONDS} s: {reason}\n{self.log[-4000:]}")

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._end(signal.SIGKILL)
        self.close_shell()

    def stop(self) -> int:
        """Ask it to end, as a deploy does, and return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        code = self.process.wait(timeout=60)
        self.process = None
        return code


@pytest.fixture(scope="session", autouse=True)
def fork_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let all test processes of this run share a fork server, started with the first Parley."""

    def make(folder: Path) -> None:
        owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
        address = ForkServer.start(owner=owner, log=folder / "log")
        (folder / "address").write_text(address)

    def find_address() -> str:
        return (made_once(tmp_path_factory, "fork-server", make) / "address").read_text()

    if sys.platform == "linux":
        share_fork_server(find_address)


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with collected static files and two databases, made once for all test processes.

    `parley.sqlite3` is what a first start makes: catalogue, simulator, administrator. `empty.sqlite3` is only migrated.
    """

    def make(folder: Path) -> None:
        first = Server(folder, child(folder, **ADMIN))
        first.manage("migrate", "--verbosity", "0")
        shutil.copy(folder / "parley.sqlite3", folder / "empty.sqlite3")
        first.manage("prepare")

    return made_once(tmp_path_factory, "prepared", make)


def furnish(folder: Path, prepared: Path, database: str = "parley.sqlite3") -> Path:
    """Make `folder` a data folder of its own, with a copy of one of the prepared databases."""
    folder.mkdir(exist_ok=True)
    (folder / "static").symlink_to(prepared / "static")
    for name in ("static.stamp", "field_encryption_key"):
        shutil.copy(prepared / name, folder)
    shutil.copy(prepared / database, folder / "parley.sqlite3")
    return folder


def furnished(folder: Path, prepared: Path) -> Server:
    """Return a Parley, not started, with its administrator and its simulator."""
    server = Server(furnish(folder, prepared), child(folder, **ADMIN))
    with contextlib.closing(sqlite3.connect(folder / "parley.sqlite3")) as database, database:
        # The simulator is a part of the web server, so its address moves with the port.
        address = database.execute("SELECT base_url FROM chat_providerconnection WHERE kind = 'simulator'")
        moved = re.sub(r":\d+", f":{server.port}", address.fetchone()[0])
        database.execute("UPDATE chat_providerconnection SET base_url = ? WHERE kind = 'simulator'", [moved])
    return server


StartServer = Callable[..., Server]


@pytest.fixture
def make_server(prepared_data: Path, tmp_path: Path) -> Iterator[StartServer]:
    """A function that makes one more Parley, not started: `make_server(data_dir=…, DATABASE_URL=…, …)`.

    Keywords in capitals are environment variables. Without `data_dir` it has data of its own, with an
    administrator (ADMIN_EMAIL, ADMIN_PASSWORD); with that of another server it shares them.
    """
    made: list[Server] = []

    def make(*, data_dir: Path | None = None, **environment: str) -> Server:
        folder = data_dir or tmp_path / f"parley-{len(made)}"
        if data_dir is None and not environment:
            server = furnished(folder, prepared_data)
        else:
            folder = data_dir or furnish(folder, prepared_data)
            server = Server(folder, child(folder, **{**ADMIN, **environment}))
        made.append(server)
        if data_dir is None and environment:
            server.manage("prepare")  # what is seeded follows the environment
        return server

    yield make
    for server in made:
        server.kill()
