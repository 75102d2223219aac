"""`manage.py up` serves, prints its address, and leaves no process."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.environment import ROOT, child
from tests.support.server import free_port, furnish

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def data_dir(prepared_data: Path, tmp_path: Path) -> Path:
    """A migrated data folder without a first start."""
    return furnish(tmp_path, prepared_data, "empty.sqlite3")


@pytest.fixture
def up(data_dir: Path) -> Iterator[Start]:
    """A function that runs `manage.py up` with more environment; remaining processes are ended."""
    started: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=child(data_dir, **environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        if process.stdout:
            process.stdout.close()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """Return what a process printed up to a line with `words`; its end without them fails the test."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if words in line:
            return seen
    raise AssertionError(f"it ended with {process.wait()} without {words!r}:\n{seen}")


def processes_of(data_dir: Path) -> list[str]:
    """Return the command lines of all processes whose environment names this data folder (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"DATA_DIR={data_dir}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def test_up_serves_prints_its_address_and_ends_cleanly(up: Start, data_dir: Path) -> None:
    port = free_port()
    process = up(PORT=str(port), ADMIN_PASSWORD="")
    seen = read_until(process, "Parley is ready")
    assert f"http://127.0.0.1:{port}" in seen
    assert re.search(r"Password: +\S{12,}", seen)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert "Stopping" in process.stdout.read()
    if sys.platform == "linux":
        assert processes_of(data_dir) == []


def test_taken_port_is_one_clear_message(up: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = up(PORT=str(port))
        assert process.wait(60) == 1
    lines = process.stdout.read().splitlines()
    assert len(lines) == 1
    assert f"Port {port} on 127.0.0.1 is taken" in lines[0]


def test_foreign_host_is_one_clear_message(up: Start) -> None:
    process = up(PORT=str(free_port()), HOST="192.0.2.1")
    assert process.wait(60) == 1
    (line,) = process.stdout.read().splitlines()
    assert "Can't listen on 192.0.2.1" in line


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help exists on Linux")
def test_sigkill_leaves_no_process(up: Start, data_dir: Path) -> None:
    process = up(PORT=str(free_port()))
    read_until(process, "Parley is ready")
    os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while left := processes_of(data_dir):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def test_dead_web_server_ends_all_with_its_code(up: Start, data_dir: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("finds the process through /proc")
    process = up(PORT=str(free_port()))
    read_until(process, "Parley is ready")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            ours = f"DATA_DIR={data_dir}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if ours and b"chat.embedded.web" in (folder / "cmdline").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            continue
    assert process.wait(60) == 137
    assert processes_of(data_dir) == []
