"""A note that a model proposes: the person reads it, allows or denies it, and the next new conversation is told it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from chat.claude.content.context import NOTES
from tests.browser.chat_page import ChatPage
from tests.browser.checks import PHONE
from tests.browser.thread.cards import card, unfold
from tests.support.parley import Parley, create_parley
from tests.support.recorder import Recorder
from tests.support.simulator import Upstream

SEED = """
from chat.models import Assistant, AssistantTool, ToolDefinition
from chat.operations.staff.tool_listings import sync_tools
sync_tools()
assistant = Assistant.objects.create(name="Attentive", model_id={model!r})
AssistantTool.objects.create(assistant=assistant, tool=ToolDefinition.objects.get(name="remember"))
"""


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def stage(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, recorder: Recorder
) -> Iterator[Parley]:
    with Upstream(recorder) as upstream:
        folder = tmp_path_factory.mktemp("remember") / "parley"
        made = create_parley(prepared_data, folder, upstream, [{"name": "main"}])
        made.shell(SEED.format(model=made.models["main"]))
        made.server.start()
        try:
            yield made
        finally:
            made.server.kill()


@pytest.fixture
def open_as(stage: Parley, open_context: Callable[..., BrowserContext]) -> Callable[..., ChatPage]:
    """A function that signs a person in, switches memory on, and opens a new conversation with the assistant."""

    def open_page(name: str, **options: Any) -> ChatPage:
        context = open_context(**options)
        key = stage.sign_in(name).partition("=")[2]
        context.add_cookies([{"name": "parley_session", "value": key, "url": stage.server.url}])
        page = context.new_page()
        page.goto(f"{stage.server.url}/settings/memory")
        if (switch := page.get_by_role("button", name="Switch memory on")).is_visible():
            switch.click()
        expect(page.get_by_role("button", name="Switch memory off")).to_be_visible()
        chat = ChatPage(page, stage.server.url).open()
        chat.choose("Attentive")
        return chat

    return open_page


def propose(chat: ChatPage, note: str) -> None:
    chat.send(f"/tool remember {json.dumps({'note': note})}")
    waiting = card(chat, "Remember")
    expect(waiting).to_contain_text("Waiting for your approval")
    expect(waiting).to_contain_text(note)


def entries(page: Page, url: str) -> list[str]:
    page.goto(f"{url}/settings/memory")
    expect(page.locator("#new-entry")).to_be_visible()
    return page.locator(".memory__text").all_inner_texts()


def told_notes(chat: ChatPage, recorder: Recorder) -> list[list[str]]:
    """Return the notes in the request of a new conversation's first message."""
    chat.open()
    chat.choose("Attentive")
    chat.ask("[[scenario:echo]] Hello")
    messages = [one["body"]["messages"] for one in recorder.sent if "tools" in one["body"]][-1]
    texts = [block["text"] for message in messages for block in message["content"] if "text" in block]
    lines = [line for text in texts for line in text.splitlines() if line.startswith(NOTES)]
    return [json.loads(line.removeprefix(NOTES)) for line in lines]


def test_an_allowed_note_is_kept_and_told(
    open_as: Callable[..., ChatPage], stage: Parley, recorder: Recorder
) -> None:
    chat = open_as("insider")
    propose(chat, "Prefers metric units.")
    origin = chat.path
    other = chat.page.context.new_page()
    assert entries(other, stage.server.url) == [], "nothing is kept before the person has decided"
    card(chat, "Remember").get_by_role("button", name="Allow once").click()
    chat.await_end()
    expect(card(chat, "Remember")).to_contain_text("Done")
    expect(unfold(chat, "Remember").locator("[data-result]")).to_contain_text("Kept.")
    assert entries(other, stage.server.url) == ["Prefers metric units."]
    expect(other.locator(f'.memory a[href="{origin}"]')).to_be_visible()
    assert told_notes(chat, recorder) == [["Prefers metric units."]]
    # Other people's conversations are not told it.
    assert told_notes(open_as("outsider"), recorder) == []


def test_an_edited_note_is_kept_as_edited(open_as: Callable[..., ChatPage], stage: Parley) -> None:
    chat = open_as("colleague")
    propose(chat, "Likes tea.")
    waiting = card(chat, "Remember")
    waiting.get_by_role("button", name="Edit…").click()
    waiting.get_by_label("Input (JSON)").fill('{"note": "Likes green tea."}')
    waiting.get_by_role("button", name="Allow edited input").click()
    chat.await_end()
    assert entries(chat.page, stage.server.url) == ["Likes green tea."]


def test_a_denied_note_is_kept_nowhere(
    open_as: Callable[..., ChatPage], stage: Parley, recorder: Recorder
) -> None:
    chat = open_as("outsider", **PHONE)
    propose(chat, "Likes coffee.")
    waiting = card(chat, "Remember")
    waiting.get_by_role("button", name="Deny…").tap()
    waiting.get_by_role("button", name="Deny", exact=True).tap()
    chat.await_end()
    expect(card(chat, "Remember")).to_contain_text("Denied")
    assert entries(chat.page, stage.server.url) == []
    assert told_notes(chat, recorder) == []
