"""Scrolling: the end of a growing answer stays in view, unless the reader has scrolled up."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import LONG, ChatPage
from tests.browser.conftest import OpenChat, Parley

# The distance of the view from the end of the thread, in pixels.
DISTANCE = """() => {
  const { scrollHeight, clientHeight, scrollTop } = document.getElementById("main");
  return scrollHeight - clientHeight - scrollTop;
}"""
AT_TOP = "() => document.getElementById('main').scrollTop === 0"
NEAR_END = f"() => ({DISTANCE})() <= 80"
FAST = LONG.replace("pace=60", "pace=120")


@pytest.mark.parametrize("earlier", [0, 1], ids=["first", "second"])
def test_a_growing_answer_is_followed(chat: ChatPage, earlier: int) -> None:
    for _ in range(earlier):
        chat.ask("[[scenario:echo]] Hello")
    chat.send(FAST)
    for length in (1000, 1500, 2000, 2500):
        chat.await_text(length)
        chat.page.wait_for_function(NEAR_END)
    chat.stop.click()
    chat.await_end()
    chat.page.wait_for_function(NEAR_END)


@pytest.fixture
def many_starters(parley: Parley) -> Iterator[None]:
    parley.run(
        "from chat.models import Assistant, LanguageModel as M; Assistant.objects.create("
        "name='Starter', order=1, starters=[f'A way to begin, number {n}' for n in range(8)],"
        " model=M.objects.get(model_id='claude-haiku-5-5', connection__kind='simulator'))"
    )
    yield
    parley.run(
        "from chat.models import Assistant as A; A.objects.filter(name='Starter').update(enabled=False)"
    )


def test_a_greeting_higher_than_the_window_begins_at_its_top(
    many_starters: None, open_chat: OpenChat
) -> None:
    chat = open_chat(viewport={"width": 320, "height": 440})
    assert chat.page.evaluate(DISTANCE) > 160
    expect(chat.page.locator(".greeting .face")).to_be_in_viewport(ratio=1)
    assert chat.page.evaluate(AT_TOP)
    expect(chat.page.locator("[data-to-end]")).to_be_hidden()
    chat.send(FAST)
    chat.await_text(1000)
    chat.page.wait_for_function(NEAR_END)
    chat.stop.click()


def test_a_press_reaches_what_it_began_on(open_chat: OpenChat) -> None:
    chat = open_chat(viewport={"width": 1280, "height": 560})
    chat.send(FAST.replace("pace", "thinking_tokens=20 pace"))
    steps = chat.answer.locator("details.steps")
    steps.locator("summary").hover()
    chat.page.mouse.down()
    held = chat.page.evaluate(DISTANCE)
    chat.await_text(chat.await_text() + 1500)
    assert chat.page.evaluate(DISTANCE) > held + 80
    chat.page.mouse.up()
    expect(steps).to_have_attribute("open", "")
    chat.page.wait_for_function(NEAR_END)
    chat.stop.click()


def test_a_reader_who_scrolled_up_stays_there(chat: ChatPage) -> None:
    chat.send(FAST)
    seen = chat.await_text(2000)
    chat.page.mouse.move(700, 300)
    chat.page.mouse.wheel(0, -10_000)
    chat.page.wait_for_function(AT_TOP)
    chat.await_text(seen + 500)
    assert chat.page.evaluate(AT_TOP)
    chat.stop.click()
    chat.await_end()
    assert chat.page.evaluate(AT_TOP)


def test_a_slow_swipe_leaves_the_end_and_comes_back(chat: ChatPage) -> None:
    chat.send(FAST)
    seen = chat.await_text(2500)
    chat.page.mouse.move(700, 300)
    for _ in range(10):  # as a trackpad tells it: each step is less than a line of text
        chat.page.mouse.wheel(0, -6)
        chat.page.wait_for_timeout(16)
    chat.await_text(seen + 500)
    assert chat.page.evaluate(DISTANCE) > 80
    for _ in range(40):
        chat.page.mouse.wheel(0, 60)
        chat.page.wait_for_timeout(16)
    seen = chat.await_text()
    chat.await_text(seen + 500)
    assert chat.page.evaluate(DISTANCE) <= 80
    chat.stop.click()


def test_a_retry_of_the_only_answer_is_followed(chat: ChatPage) -> None:
    chat.send(FAST).await_text(2000)
    chat.stop.click()
    chat.await_end()
    chat.retry()
    expect(chat.live).to_have_count(1)
    for length in (500, 800, 1100):
        chat.await_text(length)
        chat.page.wait_for_function(NEAR_END)
    chat.stop.click()
    chat.await_end()
    chat.page.wait_for_function(NEAR_END)


def test_text_below_the_view_is_pointed_out(open_chat: OpenChat) -> None:
    chat = open_chat(reduced_motion="no-preference")
    button = chat.page.get_by_role("button", name="Go to the newest message")
    chat.send(FAST).await_text(2000)
    expect(button).to_be_hidden()
    chat.page.mouse.move(700, 300)
    chat.page.mouse.wheel(0, -10_000)
    expect(button).to_contain_text("New text")
    expect(button.locator(".to-end__news")).to_be_visible()
    button.click()
    expect(button).to_be_hidden()
    seen = chat.await_text(1)
    chat.await_text(seen + 300)
    chat.page.wait_for_function(NEAR_END)
    chat.stop.click()
    chat.await_end()
