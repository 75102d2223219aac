"""A running Parley with its people, and clients of its API over real HTTP."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from tests.api.people import BASE
from tests.support.server import Server


@dataclasses.dataclass
class ServerSentEvent:
    """One server-sent event. `id` is None if the event has none."""

    id: int | None
    data: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.data)


class ApiClient:
    """A client of the API with one key, or without one."""

    def __init__(self, url: str, secret: str | None) -> None:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self.http = httpx2.Client(base_url=url + BASE, headers=headers, timeout=60, trust_env=False)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.http.get(path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        return self.http.post(path, json=body, **options)

    def turn(self, text: str, **members: Any) -> dict[str, Any]:
        """Start a turn in a new conversation, or in `conversation`, and return it as JSON."""
        response = self.post("/turns", {"text": text, **members})
        assert response.status_code in (200, 202), response.text
        return response.json()

    @contextmanager
    def events(
        self, path: str, *, method: str = "GET", **options: Any
    ) -> Iterator[Iterator[ServerSentEvent]]:
        headers = {"Accept": "text/event-stream", **options.pop("headers", {})}
        with self.http.stream(method, path, headers=headers, **options) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["x-accel-buffering"] == "no"
            yield _parsed(response.iter_lines())

    def all_events(self, path: str, **options: Any) -> list[ServerSentEvent]:
        with self.events(path, **options) as events:
            return list(events)


class LiveServer:
    """A server with people, their API keys and a conversation of the insider."""

    def __init__(self, server: Server) -> None:
        self.server = server
        made = self.shell("from tests.api.people import print_live_rows; print_live_rows()")
        told = json.loads(made.splitlines()[-1])
        self.keys: dict[str, str] = told["keys"]
        self.conversation, self.message = told["conversation"], told["message"]
        self._clients: list[ApiClient] = []

    def client(self, name: str | None = "insider") -> ApiClient:
        made = ApiClient(self.server.url, self.keys[name] if name else None)
        self._clients.append(made)
        return made

    def shell(self, command: str) -> str:
        """Run Python on the server's data and return what it printed."""
        return self.server.shell(command)

    def close(self) -> None:
        for client in self._clients:
            client.http.close()


def text_of(events: list[ServerSentEvent]) -> str:
    """Return the joined text deltas of a stream."""
    return "".join(sent.event.get("text", "") for sent in events)


def scenario(name: str, text: str = "Hello") -> str:
    """Return a message that makes the simulator play a scenario, at full speed unless it has a pace."""
    pace = "" if "pace=" in name else " pace=0"
    return f"{text} [[scenario:{name}{pace}]]"


def _parsed(lines: Iterator[str]) -> Iterator[ServerSentEvent]:
    identifier: int | None = None
    for line in lines:
        if line.startswith("id: "):
            identifier = int(line[4:])
        elif line.startswith("data: "):
            yield ServerSentEvent(identifier, line[6:].encode())
            identifier = None
        else:
            assert line == "" or line.startswith(":"), line
