"""The digits on a tool's card are those that the model wrote: live, after a reload, edited, and in the tool."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.chat_page import ChatPage
from tests.support.parley import Parley, create_parley
from tests.support.simulator import Upstream
from tests.support.tools import runs

ASKED = '/tool purchase_part {"order_id": 1234567890123456789, "amount": 0.10, "qty": 1}'
SHOWN = '{\n  "order_id": 1234567890123456789,\n  "amount": 0.10,\n  "qty": 1\n}'


@pytest.fixture(scope="module")
def stage(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Parley]:
    folder = tmp_path_factory.mktemp("numbers") / "parley"
    made = create_parley(
        prepared_data, folder, upstream, [{"name": "main"}], TOOL_MODULES="tests.support.tools"
    )
    seed = f"from tests.faults.seed_rows import seed_purchase; seed_purchase({made.models['main']!r}, name='Buyer')"
    made.shell(seed)
    made.server.start()
    try:
        yield made
    finally:
        made.server.kill()


@pytest.fixture
def chat(stage: Parley, session: str, open_context: Callable[..., BrowserContext]) -> ChatPage:
    context = open_context()
    context.add_cookies([{"name": "parley_session", "value": session, "url": stage.server.url}])
    made = ChatPage(context.new_page(), stage.server.url).open()
    made.choose("Buyer")
    made.send(ASKED)
    return made


def shows_the_digits(chat: ChatPage) -> None:
    card = chat.page.locator("details.tool")
    expect(card.locator(".tool__status")).to_have_text("Waiting for your approval")
    assert card.locator("[data-value]").text_content() == SHOWN
    assert card.locator("[data-input]").input_value() == SHOWN


@pytest.mark.parametrize("reload", [False, True], ids=["live", "reloaded"])
def test_an_edit_changes_one_number_only(chat: ChatPage, stage: Parley, reload: bool) -> None:
    shows_the_digits(chat)
    if reload:
        chat.page.reload()
        chat.await_connection()
        shows_the_digits(chat)
    chat.page.get_by_role("button", name="Edit…").click()
    field = chat.page.get_by_label("Input (JSON)")
    field.fill(field.input_value().replace('"qty": 1', '"qty": 2'))
    chat.page.get_by_role("button", name="Allow edited input").click()
    chat.await_end()
    assert runs(stage.server.data_dir)[-1] == "purchase_part 1234567890123456789 0.10 2"
    edited = SHOWN.replace('"qty": 1', '"qty": 2')
    assert chat.page.locator("[data-value]").first.text_content() == edited
    chat.page.reload()
    assert chat.page.locator("[data-value]").first.text_content() == edited


def test_an_approved_input_is_what_the_model_wrote(chat: ChatPage, stage: Parley) -> None:
    shows_the_digits(chat)
    chat.page.get_by_role("button", name="Allow once").click()
    chat.await_end()
    assert runs(stage.server.data_dir)[-1] == "purchase_part 1234567890123456789 0.10 1"
