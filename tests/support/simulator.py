"""The simulator of the Messages API as an upstream on loopback, over real HTTP."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import uvicorn

from chat.simulator.app import create_app


class Loopback:
    """Any ASGI application, served from a thread of its own while `with` lasts; `url` is where."""

    def __init__(self, app: Any, **options: Any) -> None:
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_level="warning", access_log=False, lifespan="off", **options
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.url = ""

    def __enter__(self) -> "Loopback":
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.005)
            assert self.thread.is_alive(), "the loopback server did not start"
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive(), "the loopback server did not stop"


class Upstream(Loopback):
    """The simulator as an upstream: `url` for the SDK's base URL, `invoice` for what it would bill."""

    def invoice(self) -> dict[str, Any]:
        """Return the upstream's own count of requests and tokens, to hold the ledger against."""
        return self._panel("GET", "invoice")

    def reset(self) -> None:
        """Forget the bill, the caches and the rate-limit windows."""
        self._panel("POST", "reset")

    def _panel(self, method: str, name: str) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/simulator/{name}", method=method)
        with urllib.request.urlopen(request, timeout=5) as response:
            return dict(json.load(response))


@pytest.fixture
def make_simulator() -> Iterator[Callable[..., Upstream]]:
    """A function that starts one more upstream: `make_simulator(scenario="stall seconds=5", pace=20)`.

    `pace` is deltas per second; without it answers come as fast as they can.
    """
    with ExitStack() as running:
        yield lambda **options: running.enter_context(Upstream(create_app(**{"pace": 0, **options})))


@pytest.fixture
def simulator(make_simulator: Callable[..., Upstream]) -> Upstream:
    """A fresh upstream that answers well and at once."""
    return make_simulator()
