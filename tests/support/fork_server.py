"""A process that has imported the large libraries and forks itself for each process that a test starts (Linux only).

Importing takes most of the time of a start, and a run of all tests starts about a hundred processes. A forked process
has its own environment, session and files, reads its own settings and is killed like any other. The test processes of
a run share one fork server, which ends after the process that owns the run, with the processes that are left.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.environment import COVERAGE_VARIABLES, ROOT

LONGEST_WAIT_SECONDS = 240
OWNER_CHECK_SECONDS = 1
REQUEST_BYTES = 2**18
# What Parley's processes import and what does not read Django's settings.
PRELOADED = (
    *(
        "anthropic",
        "anthropic._vendor.httpx_aiohttp",
        "uvicorn.main",
        "uvicorn.lifespan.on",
        "uvicorn.loops.uvloop",
    ),
    *("uvicorn.protocols.http.httptools_impl", "uvicorn.protocols.websockets.websockets_sansio_impl"),
    *(
        "channels.generic.websocket",
        "django.contrib.admin",
        "django.contrib.postgres.fields",
        "django.core.asgi",
    ),
    *(
        "django.core.management",
        "celery.app",
        "cryptography.fernet",
        "jsonschema",
        "nh3",
        "orjson",
        "PIL.Image",
    ),
    *("prometheus_client", "psycopg_pool", "redis.asyncio", "sqlite3", "statistics", "structlog"),
    *(
        "chat.claude.request.output_schema",
        "chat.claude.stream.fold",
        "chat.claude.request.transcript",
        "chat.simulator.app",
    ),
)


class ForkedProcess:
    """A process that the fork server started, with the part of `subprocess.Popen` that tests use."""

    def __init__(self, pid: int, connection: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._connection = connection

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Return the exit code.

        Raises:
            subprocess.TimeoutExpired: the process runs for longer than `timeout` seconds.
        """
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                answer = self._connection.recv(100)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout) from None
            self._connection.close()
            assert answer, "the fork server has ended"
            self.returncode = int(answer)
        return self.returncode


class ForkServer:
    """The fork server at an abstract address; `start` starts it."""

    def __init__(self, address: str) -> None:
        self._address = address

    @classmethod
    def start(cls, *, owner: int, log: Path) -> str:
        """Start a fork server that ends after the process `owner`, and return its address."""
        address = f"parley-tests-{secrets.token_hex(8)}"
        command = [sys.executable, "-m", "tests.support.fork_server", address, str(owner)]
        left_out = COVERAGE_VARIABLES | {"DJANGO_SETTINGS_MODULE"}
        environment = {name: value for name, value in os.environ.items() if name not in left_out}
        with log.open("wb") as output:
            files = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            subprocess.run(command, cwd=ROOT, env=environment, check=True, **files)  # type: ignore[call-overload]
        return address

    def spawn(
        self, command: list[str], environment: dict[str, str], files: tuple[int, int, int]
    ) -> ForkedProcess:
        """Run the module `command[0]` with arguments; `files` are its standard input, output and error."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.settimeout(LONGEST_WAIT_SECONDS)
        connection.connect("\0" + self._address)
        request = json.dumps({"command": command, "environment": environment}).encode()
        assert len(request) < REQUEST_BYTES
        socket.send_fds(connection, [request], files)
        return ForkedProcess(int(connection.recv(100)), connection)


_find_address: Callable[[], str] | None = None


def share_fork_server(find_address: Callable[[], str]) -> None:
    """Let `start_process` use the fork server whose address `find_address` returns."""
    global _find_address  # noqa: PLW0603 - one fork server per run
    _find_address = cache(find_address)


def start_process(
    command: list[str], environment: dict[str, str], files: tuple[int, int, int], python: str = sys.executable
) -> ForkedProcess | subprocess.Popen[bytes]:
    """Run `python -m` with `command`, in a session of its own; `files` are standard input, output and error.

    It is forked if a fork server is shared; else `python` runs it.
    """
    if _find_address is None:
        stdin, stdout, stderr = files
        return subprocess.Popen(
            [python, "-m", *command],
            cwd=ROOT,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    return ForkServer(_find_address()).spawn(command, environment, files)


def serve(listener: socket.socket, owner: int) -> dict[str, Any]:
    """Fork for each request and send the exit codes; return the request in the forked process."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    running: dict[int, tuple[int, socket.socket]] = {}
    while Path(f"/proc/{owner}").exists():
        for key, _events in selector.select(OWNER_CHECK_SECONDS):
            if key.fd in running:
                selector.unregister(key.fd)
                _send_exit_code(key.fd, *running.pop(key.fd))
                continue
            connection, _peer = listener.accept()
            message, files, _flags, _address = socket.recv_fds(connection, REQUEST_BYTES, 3)
            pid = os.fork()
            if pid == 0:
                os.setsid()
                for number, file in enumerate(files):
                    os.dup2(file, number)
                own = [selector.fileno(), listener.detach(), connection.detach(), *files]
                for file in [*own, *running, *(other.detach() for _pid, other in running.values())]:
                    os.close(file)
                return dict(json.loads(message))
            for file in files:
                os.close(file)
            connection.send(str(pid).encode())
            pidfd = os.pidfd_open(pid)
            running[pidfd] = (pid, connection)
            selector.register(pidfd, selectors.EVENT_READ)
    for pid, _connection in running.values():
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


def _send_exit_code(pidfd: int, pid: int, connection: socket.socket) -> None:
    _pid, status = os.waitpid(pid, 0)
    os.close(pidfd)
    with contextlib.suppress(OSError):
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    connection.close()


def main() -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()  # no forked process looks through all these objects again
    assert threading.active_count() == 1, "a process with threads can't be forked"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("\0" + sys.argv[1])
    listener.listen(100)
    if os.fork():
        os._exit(0)  # the server is ready
    os.setsid()
    request = serve(listener, int(sys.argv[2]))
    module, *arguments = request["command"]
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
