"""A Redis that stands still while requests are counted: how many wait for it, and for how long."""

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.support.environment import child
from tests.support.server import free_port
from tests.support.shell import Shell

# Counts with the settings of a deployment; prints the seconds that the slowest of some threads waited.
COUNT = """
import threading, time, uuid
from chat.operations import rates

def count():
    begun = time.monotonic()
    rates.count(rates.TURNS, uuid.uuid4())
    waits.append(time.monotonic() - begun)

waits = []
for _ in range({times}):
    threads = [threading.Thread(target=count) for _ in range({threads})]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(max(waits))
"""
PAUSE_ENDS = "from chat.operations import rates; rates._shared._away_until = 0.0"
OTHER_CACHE = """
import time
from django.core.cache import cache
begun = time.monotonic()
try:
    cache.add("another", 1)
except Exception:
    print(time.monotonic() - begun)
"""


class Frozen:
    """A Redis of this test's own, which `frozen` stops for a while."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process, self.url = process, url
        self._client = redis.Redis.from_url(url)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def asked(self) -> int:
        """Return how many connections and counts arrived, also those whose clients did not wait for an answer."""
        sets = self._client.info("commandstats").get("cmdstat_set", {"calls": 0})["calls"]
        return int(self._client.info("stats")["total_connections_received"]) + int(sets)

    def await_start(self) -> None:
        while self._process.poll() is None:
            with contextlib.suppress(redis.ConnectionError):
                if self._client.ping():
                    return
        raise AssertionError("redis-server ended")

    def close(self) -> None:
        self._client.close()
        self._process.kill()
        self._process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Frozen]:
    program, port = shutil.which("redis-server"), free_port()
    if program is None:
        pytest.skip("redis-server is not installed")
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        made = Frozen(process, f"redis://127.0.0.1:{port}/0")
        try:
            made.await_start()
            yield made
        finally:
            made.close()


@pytest.fixture
def shell(server: Frozen, tmp_path: Path) -> Iterator[Shell]:
    made = Shell(child(tmp_path, REDIS_URL=server.url))
    yield made
    made.close()


@pytest.mark.services
def test_one_request_asks_a_frozen_redis(server: Frozen, shell: Shell) -> None:
    shell.run(COUNT.format(times=1, threads=1))
    before = server.asked()
    with server.frozen():
        shell.run(COUNT.format(times=10, threads=1))
        shell.run(COUNT.format(times=10, threads=4))
    assert server.asked() - before == 1
    with server.frozen():
        shell.run(PAUSE_ENDS)
        shell.run(COUNT.format(times=1, threads=8))
    assert server.asked() - before == 2, "only one tries it again after the pause"
    shell.run(PAUSE_ENDS)
    shell.run(COUNT.format(times=3, threads=1))
    assert server.asked() - before == 2 + 1 + 3, "it is back: a connection, and three counts"


@pytest.mark.services
def test_that_request_waits_less_than_others_do(server: Frozen, shell: Shell) -> None:
    with server.frozen():
        # The shortest of some, because a busy machine adds to each.
        waits = [float(shell.run(PAUSE_ENDS + COUNT.format(times=1, threads=1))) for _ in range(4)]
        assert min(waits) < float(shell.run(OTHER_CACHE)) / 2
