"""`manage.py runserver`, for development, serves with daphne."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.support.environment import ROOT, child
from tests.support.server import READY_SECONDS, free_port, furnish


def test_daphne_serves_development(prepared_data: Path, tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", str(port)],
        cwd=ROOT,
        env=child(furnish(tmp_path / "parley", prepared_data)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert _server_of(f"http://127.0.0.1:{port}/readyz", process) == "daphne"
        finally:
            process.terminate()


def _server_of(url: str, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.headers["server"])
        except OSError:
            time.sleep(0.1)  # another process starts: there is no event to wait for
    raise AssertionError(f"it never served; it ended with {process.poll()}")
