"""The system's Chromium, driven by Playwright, which can reach only this machine."""

import asyncio
import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    WebError,
    Worker,
    expect,
    sync_playwright,
)

NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # Pages of a profile share a process, which lives on in the parked page of `Profiles`.
    "--process-per-site",
    "--window-size=1280,800",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
# Without a graphics card each animation keeps a core busy.
USUAL = {
    "locale": "en-US",
    # Emulating a size empties the cache in memory, and the page asks for all scripts again.
    "no_viewport": True,
    "reduced_motion": "reduce",
    # What a worker loads, a test neither sees nor replaces. The tests of the worker itself allow it.
    "service_workers": "block",
}
# What Chromium keeps for pages of an origin, apart from cookies and the HTTP cache.
STORAGE = "local_storage,indexeddb,cache_storage,service_workers,file_systems"
# A page of the server without scripts and cookies.
PARKED = "/healthz"
# Profiles that wait for the next test; the process of each takes some 100 MB.
WAITING = 4
# What htmx writes when a newer request replaces one or the page is left. Each real failure has a line of its own too.
ENDED_REQUEST = ("htmx:sendAbort", "htmx:afterRequest")


class Watch:
    """What the pages of one test did that no page may do: ask other origins, or fail in their own code.

    A request to another machine can't leave this one (see FLAGS), so its failure tells of it. With `all_requests` each
    request is heard of, those to other ports of this machine too, which takes a tenth of the time of a page.
    """

    def __init__(self) -> None:
        self.all_requests = False
        self.foreign: list[str] = []
        self.refused: list[str] = []
        self.errors: list[str] = []

    def follow(self, context: BrowserContext) -> Callable[[], None]:
        """Note what the pages of a profile do; return a function that ends it."""

        def on_error(error: WebError) -> None:
            self.errors.append(str(error.error))

        def on_page(page: Page) -> None:
            page.on("websocket", lambda socket: self._check(page, socket.url))

        heard: list[tuple[Any, Callable[..., None]]] = [
            ("requestfailed", self._on_failure),
            ("weberror", on_error),
            ("console", self._on_console),
            ("page", on_page),
        ]
        if self.all_requests:
            heard.append(("request", self._on_request))
        for event, listener in heard:
            context.on(event, listener)

        def end() -> None:
            for event, listener in heard:
                context.remove_listener(event, listener)

        return end

    def _on_request(self, request: Request) -> None:
        if request.service_worker:  # it has a URL as a page has, and no frame
            self._check(request.service_worker, request.url)
            return
        page = request.frame.page
        if not (request.is_navigation_request() and page.url == "about:blank"):
            self._check(page, request.url)

    def _on_failure(self, request: Request) -> None:
        """Note a foreign request that failed. One that a policy of the page refused is told too, but has not left."""
        if not self.all_requests:
            self._on_request(request)
        if request.service_worker:
            return
        told = f"{request.frame.page.url} asked for {request.url}"
        if told in self.foreign and (request.failure or "").lower() in ("csp", "net::err_blocked_by_csp"):
            self.foreign.remove(told)
            self.refused.append(told)

    def _check(self, page: Page | Worker, url: str) -> None:
        if (
            urlsplit(url).scheme in {"http", "https", "ws", "wss"}
            and urlsplit(url).netloc != urlsplit(page.url).netloc
        ):
            self.foreign.append(f"{page.url} asked for {url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # A refused request is the business of the test that provokes it; a broken policy or script is not.
        ignored = "Failed to load resource" in message.text or message.text.startswith(ENDED_REQUEST)
        if message.type == "error" and not ignored:
            self.errors.append(message.text)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The system's Chromium or Chrome. Skips without one, or fails when REQUIRE_SERVICES=1."""
    named = [os.environ.get("CHROMIUM") or "", *NAMES]
    found = next((path for name in named if name and (path := shutil.which(name))), None)
    if found is None and MAC.exists():
        found = str(MAC)
    if found is None:
        message = "no Chromium or Chrome here: scripts/browser.sh says what to install"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def chromium(chromium_path: str) -> Iterator[tuple[Browser, asyncio.AbstractEventLoop]]:
    """One browser for all tests of this process, with the event loop that Playwright keeps for it.

    The loop counts as running for as long as Playwright lives; tests with a loop of their own must not see it.
    """
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path, args=[*FLAGS, *root])
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield launched, loop
        asyncio._set_running_loop(loop)
        launched.close()


@pytest.fixture
def browser(chromium: tuple[Browser, asyncio.AbstractEventLoop]) -> Iterator[Browser]:
    """The browser, for as long as this test runs."""
    launched, loop = chromium
    asyncio._set_running_loop(loop)
    yield launched
    asyncio._set_running_loop(None)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Notes what pages do wrong and fails the test for it. A test that provokes an error clears `errors`."""
    noted = Watch()
    yield noted
    assert not noted.foreign, noted.foreign
    assert not noted.errors, noted.errors


@pytest.fixture
def network_log(watch: Watch) -> None:
    """Let `watch` hear of each request. For tests of what others wrote, which must ask for nothing at all."""
    watch.all_requests = True


def await_address(page: Page, address: str | re.Pattern[str]) -> None:
    """Wait until a page with this address is loaded; `*` in a text stands for anything.

    Playwright's own `wait_for_url` fails where one navigation replaces another, as when a page leaves by itself while a
    person leaves it.
    """
    parts = re.split(r"\*+", address) if isinstance(address, str) else []
    expect(page).to_have_url(re.compile(f"^{'.*'.join(map(re.escape, parts))}$") if parts else address)
    page.wait_for_load_state()


class Profiles:
    """Browser profiles of this process. What a test gives back is emptied for the next, except for caches.

    The caches are kept, because fetching and compiling all scripts anew is most of the time that a page takes. That in
    memory belongs to the renderer process, which a parked page without scripts keeps alive.
    """

    def __init__(self, launched: Browser) -> None:
        self._browser = launched
        self._free: dict[str, BrowserContext] = {}
        self._parked: dict[BrowserContext, Page] = {}

    def take(self, options: dict[str, Any]) -> BrowserContext:
        """Return an empty profile with Playwright's context options."""
        free = self._free.pop(repr(sorted(options.items())), None)
        if free is not None:
            return free
        made = self._browser.new_context(**options)
        made.set_default_timeout(60_000)
        return made

    def give_back(self, options: dict[str, Any], context: BrowserContext) -> None:
        key = repr(sorted(options.items()))
        if key in self._free or not self._pages_of(context):
            self._close(context)
            return
        try:
            self._empty(context)
        except Error:  # for example a page that crashed
            self._close(context)
            return
        self._free[key] = context
        if len(self._free) > WAITING:
            self._close(self._free.pop(next(iter(self._free))))

    def _pages_of(self, context: BrowserContext) -> list[Page]:
        """Return the pages that the present test opened."""
        return [page for page in context.pages if page is not self._parked.get(context)]

    def _empty(self, context: BrowserContext) -> None:
        """Close the pages, and forget cookies, permissions and what the pages stored."""
        pages = self._pages_of(context)
        origins = {"://".join(urlsplit(page.url)[:2]) for page in pages if page.url.startswith("http")}
        last, *others = pages
        for page in others:
            page.close()
        context.set_offline(False)
        last.goto("about:blank")  # leaving, a page may still store something
        devtools = context.new_cdp_session(last)
        for origin in origins:
            devtools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORAGE})
        if origins and context not in self._parked:
            self._parked[context] = context.new_page()
            self._parked[context].goto(min(origins) + PARKED)
        last.close()
        context.clear_cookies()
        context.clear_permissions()

    def _close(self, context: BrowserContext) -> None:
        self._parked.pop(context, None)
        context.close()


@pytest.fixture(scope="session")
def profiles(chromium: tuple[Browser, asyncio.AbstractEventLoop]) -> Profiles:
    return Profiles(chromium[0])


@pytest.fixture
def open_context(
    browser: Browser, profiles: Profiles, watch: Watch
) -> Iterator[Callable[..., BrowserContext]]:
    """A function that opens one more person's browser profile, with Playwright's context options."""
    with contextlib.ExitStack() as opened:

        def open_one(**more: Any) -> BrowserContext:
            options = {**USUAL, **({"no_viewport": None} if "viewport" in more else {}), **more}
            context = profiles.take(options)
            opened.callback(profiles.give_back, options, context)
            opened.callback(watch.follow(context))
            return context

        yield open_one


@pytest.fixture
def context(open_context: Callable[..., BrowserContext]) -> BrowserContext:
    """One person's browser profile: pages opened in it share its session, like tabs."""
    return open_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One empty tab."""
    return context.new_page()
