"""The whole product as it runs for people: its data prepared, its web process started as `manage.py up` does."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.environment import ROOT, child
from tests.support.server import Server, free_port

ADMIN = "admin@example.test"
START_SECONDS = 120
PACKAGES = ("uvicorn", "uvloop", "channels.generic.websocket", "django.contrib.admin", "anthropic")
PACKAGES_OF_SERVICES = ("psycopg_pool", "channels_redis.pubsub")


def run_json(
    module: str, *arguments: object, environment: dict[str, str] | None = None, seconds: float = 300
) -> dict[str, float]:
    """Run `python -m module …` in a process of its own, for so long at most, and return the JSON it printed."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr[-4000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def upstream() -> Iterator[str]:
    """Run the fast upstream; gives its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.upstream", str(port)], cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def prepared(folder: Path, url: str, python: str, **environment: str) -> tuple[Server, str]:
    """Return a Parley, not started, whose Claude connection leads to `url`, and a key for programs.

    `python` is its interpreter.
    """
    connection = {"ANTHROPIC_API_KEY": "bench", "ANTHROPIC_BASE_URL": url}
    # One person opens all sockets of a load, and begins all its turns.
    limits = dict.fromkeys(
        ("CONNECTIONS_PER_PERSON", "TURNS_PER_MINUTE", "CONVERSATIONS_PER_MINUTE"), "100000"
    )
    environment = child(folder, ADMIN_EMAIL=ADMIN, LOG_LEVEL="WARNING", **limits, **connection, **environment)
    server = Server(folder, environment, python)
    server.manage("migrate", "--verbosity", "0")
    told = server.shell(
        "from django.core.management import call_command\n"
        "from chat.models import ProviderConnection\n"
        "call_command('prepare')\n"
        "ProviderConnection.objects.update(max_concurrency=2000)\n"
        f"call_command('create_api_key', user={ADMIN!r}, name='bench')"
    )
    server.close_shell()
    return server, told.split()[-1]


def cold_start(server: Server) -> float:
    """Return the seconds from `manage.py up` on prepared data to the first whole page."""
    process = subprocess.Popen(
        [server.python, "manage.py", "up"],
        cwd=ROOT,
        env=server.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return _first_page(f"{server.url}/accounts/login/")
    finally:
        process.terminate()
        process.wait(60)


def bare_start(python: str, *more: str) -> float:
    """Return the seconds that a process takes to import what Parley stands on and `more` packages, nothing else."""
    started = time.monotonic()
    imports = ", ".join((*PACKAGES, *more))
    subprocess.run([python, "-c", f"import {imports}"], check=True, timeout=START_SECONDS)
    return time.monotonic() - started


def _first_page(url: str) -> float:
    started = time.monotonic()
    while time.monotonic() - started < START_SECONDS:
        try:
            with urllib.request.urlopen(url, timeout=START_SECONDS) as page:
                page.read()
                return time.monotonic() - started
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)  # another process starts: there is no event to wait for
    raise SystemExit(f"no page at {url} after {START_SECONDS} s")


def machine() -> dict[str, Any]:
    """Return what this ran on, and how busy it was."""
    cpu = Path("/proc/cpuinfo").read_text()
    name = next((line.partition(":")[2].strip() for line in cpu.splitlines() if "model name" in line), "CPU")
    load = Path("/proc/loadavg").read_text().split()[0]
    cores = cpu.count("processor\t")
    return {"cpu": name, "cores": cores, "python": sys.version.split()[0], "load": float(load)}
