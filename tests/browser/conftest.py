"""One running Parley for the browser tests, and the cast's browsers."""

import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chat_page import ChatPage
from tests.support.chromium import Watch
from tests.support.server import Server, furnished

# An answer of the simulator takes some seconds, and test machines are busy.
expect.set_options(timeout=90_000)


class Parley:
    """A server, and the session keys of its cast by name."""

    def __init__(self, server: Server) -> None:
        self.server, self.url = server, server.url
        self.sessions: dict[str, str] = json.loads(
            self.run("from tests.browser.cast import create_cast; create_cast()")
        )

    def run(self, code: str) -> str:
        """Run code on the server's data and return the last line that it printed."""
        return (self.server.shell(code).splitlines() or [""])[-1]

    def open_session(self, name: str) -> str:
        """Return the key of a new session of a user, who is created when missing."""
        return self.run(f"from tests.browser.cast import open_session; print(open_session({name!r}))")


class OpenContext(Protocol):
    """Open a browser profile in which a member of the cast is signed in, with Playwright's context options."""

    def __call__(self, name: str = ..., **options: Any) -> BrowserContext: ...


class OpenChat(Protocol):
    """Open a page of the chat in a new browser profile, with Playwright's context options."""

    def __call__(self, path: str = ..., *, name: str = ..., **options: Any) -> ChatPage: ...


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of the server's log to a failure: often the page only waited for what the server refused."""
    report = yield
    served = getattr(item, "funcargs", {}).get("parley")
    if report.failed and isinstance(served, Parley):
        report.sections.append(("server log", served.server.log[-4000:]))
    return report


@pytest.fixture(scope="session")
def parley(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parley]:
    """One Parley with the simulator. Tests share it and use conversations of their own."""
    server = furnished(tmp_path_factory.mktemp("browser"), prepared_data)
    try:
        yield Parley(server.start())
    finally:
        server.kill()


@pytest.fixture
def signed_in_context(parley: Parley, open_context: Callable[..., BrowserContext]) -> OpenContext:
    def open_signed_in(name: str = "insider", **options: Any) -> BrowserContext:
        context = open_context(**options)
        context.add_cookies([{"name": "parley_session", "value": parley.sessions[name], "url": parley.url}])
        return context

    return open_signed_in


@pytest.fixture
def open_chat(signed_in_context: OpenContext, parley: Parley) -> OpenChat:
    def open_page(path: str = "/", *, name: str = "insider", **options: Any) -> ChatPage:
        return ChatPage(signed_in_context(name, **options).new_page(), parley.url).open(path)

    return open_page


@pytest.fixture
def insider(signed_in_context: OpenContext) -> BrowserContext:
    return signed_in_context()


@pytest.fixture
def chat(insider: BrowserContext, parley: Parley) -> ChatPage:
    """The insider's page for a new conversation."""
    return ChatPage(insider.new_page(), parley.url).open()


@pytest.fixture
def lost_connections(watch: Watch) -> Iterator[None]:
    """Let a test cut the connection and requests on their way. Other errors are not expected."""
    yield
    cut = ("Error in connection establishment", "htmx:sendError")
    watch.errors = [error for error in watch.errors if not any(part in error for part in cut)]


@pytest.fixture
def second_tab(insider: BrowserContext, parley: Parley) -> Callable[[str], ChatPage]:
    def open_tab(path: str) -> ChatPage:
        return ChatPage(insider.new_page(), parley.url).open(path)

    return open_tab
