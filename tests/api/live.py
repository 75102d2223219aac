"""A running Parley, its cast, and a program's way of talking to it: real HTTP, real streams."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from tests.api.cast import BASE, new_id
from tests.support.server import Server


@dataclasses.dataclass
class Sent:
    """One server-sent event: its id line (None without one) and its data, as bytes."""

    id: int | None
    data: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.data)


class Program:
    """A client with one key."""

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
    def events(self, path: str, *, method: str = "GET", **options: Any) -> Iterator[Iterator[Sent]]:
        headers = {"Accept": "text/event-stream", **options.pop("headers", {})}
        with self.http.stream(method, path, headers=headers, **options) as response:
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["x-accel-buffering"] == "no"
            yield _parsed(response.iter_lines())

    def all_events(self, path: str, **options: Any) -> list[Sent]:
        with self.events(path, **options) as events:
            return list(events)


class Live:
    """The server with its cast."""

    def __init__(self, server: Server) -> None:
        self.server = server
        made = self.shell("from tests.api.cast import live_cast; live_cast()")
        told = json.loads(made.splitlines()[-1])
        self.keys: dict[str, str] = told["keys"]
        self.conversation, self.message = told["conversation"], told["message"]
        self._programs: list[Program] = []

    def program(self, name: str | None = "insider") -> Program:
        made = Program(self.server.url, self.keys[name] if name else None)
        self._programs.append(made)
        return made

    def shell(self, command: str) -> str:
        """Run Python beside the server, on its data."""
        return self.server.shell(command)

    def close(self) -> None:
        for program in self._programs:
            program.http.close()


def text_of(events: list[Sent]) -> str:
    """Join the text deltas of a stream."""
    return "".join(sent.event.get("text", "") for sent in events)


def scenario(name: str, text: str = "Hello") -> str:
    """A message that makes the simulator behave as one of its scenarios."""
    return f"{text} [[scenario:{name}]]"


def _parsed(lines: Iterator[str]) -> Iterator[Sent]:
    identifier: int | None = None
    for line in lines:
        if line.startswith("id: "):
            identifier = int(line[4:])
        elif line.startswith("data: "):
            yield Sent(identifier, line[6:].encode())
            identifier = None
        else:
            assert line == "" or line.startswith(":"), line


__all__ = ["Live", "Program", "Sent", "new_id", "scenario", "text_of"]
