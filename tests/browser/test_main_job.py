"""A whole chat: with the real local model, and over two server processes.

Text is streamed, a reload during an answer loses nothing, a second tab streams the same text and stops it, and a
third turn is stopped and continued.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from chat.embedded import local_model
from tests.browser.chat_page import LONG, ChatPage
from tests.browser.conftest import Parley
from tests.support.environment import ROOT, child
from tests.support.server import ADMIN, Server, free_port, furnish

OpenContext = Callable[..., BrowserContext]


def signed_in(open_context: OpenContext, parley: Parley, *urls: str) -> BrowserContext:
    context = open_context()
    for url in urls:
        context.add_cookies([{"name": "parley_session", "value": parley.sessions["insider"], "url": url}])
    return context


def await_long_end(chat: ChatPage) -> None:
    """Wait for the end of an answer. A real model is slow on a busy machine."""
    expect(chat.live).to_have_count(0, timeout=240_000)


def check_main_job(context: BrowserContext, here: str, there: str, question: str) -> None:
    """Chat in one tab at `here` and a second one at `there`."""
    first = ChatPage(context.new_page(), here).open()
    first.send(question)
    lengths = [first.await_text(1)]
    for _step in range(2):
        lengths.append(first.await_text(lengths[-1] + 1))
    first.page.reload()
    assert first.await_text(lengths[-1]) >= lengths[-1]
    expect(first.live).to_have_count(1)
    second = ChatPage(context.new_page(), there).open(first.path)
    second.await_text(lengths[-1])
    second.stop.click()
    await_long_end(first)
    await_long_end(second)
    whole = first.text.text_content()
    assert whole
    assert second.text.text_content() == whole

    second.send("[[scenario:echo]] Say hello.")
    expect(first.answers).to_have_count(2)
    await_long_end(first)

    first.send(question)
    expect(first.live).to_have_count(1)
    first.await_text(20)
    first.stop.click()
    first.await_end()
    expect(first.answer).to_contain_text("You stopped this answer.")
    kept = first.text.text_content() or ""
    first.page.get_by_role("button", name="Continue").click()
    expect(first.answers).to_have_count(4)
    await_long_end(first)
    await_long_end(second)
    first.page.reload()
    expect(first.answers.nth(2)).to_contain_text(kept[:20])
    expect(first.answers).to_have_count(4)


@pytest.fixture
def with_local_model(prepared_data: Path, tmp_path: Path) -> Iterator[Parley]:
    """A Parley that offers the real local model, which runs in a process of its own."""
    folder = furnish(tmp_path / "parley", prepared_data)
    port = str(free_port())
    chosen = {"LOCAL_MODEL": "on", "LOCAL_MODEL_PORT": port}
    server = Server(folder, child(folder, **ADMIN, **chosen))
    server.manage("prepare")
    command = [sys.executable, "manage.py", "local_model", "--port", port]
    model = subprocess.Popen(command, cwd=ROOT, env=server.environment)
    try:
        parley = Parley(server.start())
        # Long enough to reload the page during an answer; without a limit a small model writes for minutes.
        parley.run(
            "from chat.models import LanguageModel as M;"
            " M.objects.filter(connection__kind='local').update(default_max_tokens=250)"
        )
        yield parley
    finally:
        server.kill()
        model.terminate()
        model.wait(30)


@pytest.mark.local_model
@pytest.mark.slow
@pytest.mark.skipif(local_model.weights() is None, reason="requirements/local.txt is not installed")
def test_with_the_real_local_model(with_local_model: Parley, open_context: OpenContext) -> None:
    url = with_local_model.url
    context = signed_in(open_context, with_local_model, url)
    check_main_job(context, url, url, "Write a very long story about a river, with ten chapters.")


@pytest.mark.services
@pytest.mark.slow
def test_over_two_processes_on_postgresql_and_redis(
    make_server: Callable[..., Server], postgres_url: str, redis_url: str, open_context: OpenContext
) -> None:
    shared = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url}
    owner = make_server(**shared).start()
    viewer = make_server(data_dir=owner.data_dir, **shared).start()
    parley = Parley(owner)
    context = signed_in(open_context, parley, owner.url, viewer.url)
    check_main_job(context, owner.url, viewer.url, LONG)
