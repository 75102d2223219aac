"""One running Parley for the browser's tests, and its people with their browsers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chat import Chat
from tests.support.server import Server, furnished

# An answer of the demo takes some seconds, and test machines are busy.
expect.set_options(timeout=30_000)


class Parley:
    """A server and the sessions of its cast."""

    def __init__(self, server: Server) -> None:
        self.server, self.url = server, server.url
        self.sessions: dict[str, str] = json.loads(
            self.run("from tests.browser.cast import live_cast; live_cast()")
        )

    def run(self, code: str) -> str:
        """Run code on the server's data; returns the last line it printed."""
        return (self.server.shell(code).splitlines() or [""])[-1]

    def open_session(self, name: str) -> str:
        return self.run(f"from tests.browser.cast import open_session; print(open_session({name!r}))")


@pytest.fixture(scope="session")
def parley(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parley]:
    """One Parley with the simulator; its tests leave each other's conversations alone."""
    server = furnished(tmp_path_factory.mktemp("browser"), prepared_data)
    try:
        yield Parley(server.start())
    finally:
        server.kill()


@pytest.fixture
def enter(parley: Parley, open_context: Callable[..., BrowserContext]) -> Callable[..., BrowserContext]:
    """A function that opens a browser in which somebody of the cast is signed in."""

    def enter_as(name: str = "insider", **options: Any) -> BrowserContext:
        context = open_context(**options)
        context.add_cookies([{"name": "sessionid", "value": parley.sessions[name], "url": parley.url}])
        return context

    return enter_as


@pytest.fixture
def insider(enter: Callable[..., BrowserContext]) -> BrowserContext:
    return enter()


@pytest.fixture
def chat(insider: BrowserContext, parley: Parley) -> Chat:
    """The insider's page, empty."""
    return Chat(insider.new_page(), parley.url).open()


@pytest.fixture
def second_tab(insider: BrowserContext, parley: Parley) -> Callable[[str], Chat]:
    def open_tab(path: str) -> Chat:
        return Chat(insider.new_page(), parley.url).open(path)

    return open_tab
