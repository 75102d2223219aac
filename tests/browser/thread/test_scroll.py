"""Scrolling: the end of a growing answer stays in view, unless the reader has scrolled up."""

import pytest

from tests.browser.chat_page import ChatPage

# The distance of the view from the end of the thread, in pixels.
DISTANCE = """() => {
  const { scrollHeight, clientHeight, scrollTop } = document.getElementById("main");
  return scrollHeight - clientHeight - scrollTop;
}"""
AT_TOP = "() => document.getElementById('main').scrollTop === 0"
LONG = "[[scenario:long tokens=900 pace=120]] Tell me a long story"


@pytest.mark.parametrize("earlier", [0, 1], ids=["first", "second"])
def test_a_growing_answer_is_followed(chat: ChatPage, earlier: int) -> None:
    for _ in range(earlier):
        chat.ask("[[scenario:echo]] Hello")
    chat.send(LONG)
    for length in (1000, 1500, 2000, 2500):
        chat.await_text(length)
        assert chat.page.evaluate(DISTANCE) <= 80
    chat.await_end()
    assert chat.page.evaluate(DISTANCE) <= 80


def test_a_reader_who_scrolled_up_stays_there(chat: ChatPage) -> None:
    chat.send("[[scenario:long tokens=3000 pace=120]] Tell me a very long story")
    seen = chat.await_text(2000)
    chat.page.mouse.move(700, 300)
    chat.page.mouse.wheel(0, -10_000)
    chat.page.wait_for_function(AT_TOP)
    chat.await_text(seen + 500)
    assert chat.page.evaluate(AT_TOP)
    chat.stop.click()
    chat.await_end()
    assert chat.page.evaluate(AT_TOP)
