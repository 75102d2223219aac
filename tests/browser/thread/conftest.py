"""A Parley whose assistants have tools, and its pages."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.chat_page import ChatPage
from tests.support.parley import Parley, create_parley
from tests.support.simulator import Upstream


@pytest.fixture(scope="module")
def stage(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    folder = tmp_path_factory.mktemp("cards") / "parley"
    connections = [{"name": "bound", "model_id": "claude-fable-5-2"}, {"name": "main", "kind": "anthropic"}]
    environment = {"TOOL_MODULES": "tests.support.tools", "EGRESS_ALLOW": "127.0.0.1"}
    made = create_parley(prepared_data, folder, upstream, connections, **environment)
    connected = {"Connected": made.models["main"]}
    made.shell(
        "from tests.faults.seed_rows import seed_connector, seed_search, seed_tools\n"
        f"seed_connector({connected!r}, 'token', 'personal')\n"
        f"seed_search({made.models['main']!r}, name='Searcher')\n"
        f"seed_tools({made.models['bound']!r}, name='Handy')"
    )
    made.server.start()
    try:
        yield made
    finally:
        made.server.kill()


@pytest.fixture(scope="module")
def session(stage: Parley) -> str:
    """The key of the insider's session."""
    return stage.sign_in("insider").partition("=")[2]


@pytest.fixture
def open_with_tools(
    stage: Parley, session: str, open_context: Callable[..., BrowserContext]
) -> Callable[..., ChatPage]:
    """A function that opens the insider's page with an assistant that has tools."""

    def open_page(assistant: str = "Handy", **options: object) -> ChatPage:
        context = open_context(**options)
        context.add_cookies([{"name": "parley_session", "value": session, "url": stage.server.url}])
        chat = ChatPage(context.new_page(), stage.server.url).open()
        chat.choose(assistant)
        return chat

    return open_page
