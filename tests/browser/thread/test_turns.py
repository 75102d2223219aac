"""Turns on the page: streamed text, reload, second tab, stop, continue, retry, failures."""

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.chat_page import LONG, ChatPage
from tests.browser.conftest import OpenChat, Parley

NOTICE = ".message--live [data-notice]"


def test_text_is_streamed(chat: ChatPage) -> None:
    chat.send(LONG)
    lengths = [chat.await_text(1)]
    for _step in range(3):
        lengths.append(chat.await_text(lengths[-1] + 1))
    assert lengths == sorted(set(lengths))
    expect(chat.live).to_have_count(1)
    chat.stop.click()
    chat.await_end()


def test_an_answer_ends_with_its_cost(chat: ChatPage) -> None:
    chat.ask("Show me what you can do")
    expect(chat.answer.locator("table")).to_be_visible()
    expect(chat.answer.locator(".code .hljs-keyword").first).to_be_visible()
    chat.answer.locator(".receipt summary").click()
    expect(chat.answer.locator(".receipt__list")).to_contain_text(re.compile(r"Cost\s*< 1¢"))
    expect(chat.page.locator("#announcer")).to_contain_text("The answer is finished.")
    assert chat.path.startswith("/c/")
    expect(chat.page.locator(".conversation--current > a")).to_have_attribute("href", chat.path)


def test_a_reload_in_the_middle_loses_nothing(chat: ChatPage) -> None:
    chat.send(LONG)
    seen = chat.await_text(40)
    chat.page.reload()
    assert chat.await_text(seen) >= seen
    expect(chat.live).to_have_count(1)
    chat.await_text(seen + 200)
    chat.stop.click()
    chat.await_end()
    streamed = chat.text.text_content()
    chat.page.reload()
    expect(chat.text).to_have_text(streamed or "")
    expect(chat.answers).to_have_count(1)


def test_a_second_tab_streams_the_same_text(chat: ChatPage, second_tab: Callable[[str], ChatPage]) -> None:
    chat.send(LONG).await_text(10)
    other = second_tab(chat.path)
    assert other.await_text(10) >= 10
    other.stop.click()
    chat.await_end()
    other.await_end()
    assert other.text.text_content() == chat.text.text_content()
    other.ask("[[scenario:echo]] From the other tab")
    chat.await_end()
    expect(chat.text).to_contain_text("From the other tab")
    assert chat.page.locator(".message[data-message]").count() == 4


def test_stop_keeps_the_text_and_continue_extends_it(chat: ChatPage) -> None:
    chat.send(LONG).await_text(40)
    chat.stop.click()
    chat.await_end()
    expect(chat.answer).to_contain_text("You stopped this answer.")
    kept = chat.text.first.text_content() or ""
    assert len(kept) >= 40
    chat.answer.locator(".receipt summary").click()
    expect(chat.answer.locator(".receipt__list")).to_contain_text(re.compile(r"Cost\s*< 1¢"))
    chat.page.get_by_role("button", name="Continue").click()
    expect(chat.answers).to_have_count(2)
    chat.await_end()
    expect(chat.page.locator(".divider")).to_have_text("Continued")
    expect(chat.answers.first).to_contain_text(kept[:30])
    # The divider says it: how the first part ended is of no interest any more.
    expect(chat.answers.first.locator(".ending")).to_have_count(0)
    assert chat.answers.first.locator("parley-markdown").first.text_content() == kept
    expect(chat.page.get_by_role("button", name="Continue")).to_be_hidden()


def test_escape_stops_an_answer_without_text(chat: ChatPage) -> None:
    chat.send("[[scenario:slow_first_byte first_byte=600]] Hello")
    expect(chat.answer.locator("[data-notice]")).to_contain_text(
        re.compile(r"Waiting for the answer… ([2-9]|\d\d+) s")
    )
    chat.page.keyboard.press("Escape")
    chat.await_end()
    expect(chat.answer).to_contain_text("You stopped this answer.")
    expect(chat.field).to_be_focused()


def test_retry_makes_another_version(chat: ChatPage) -> None:
    chat.ask("[[scenario:echo]] Once more, please")
    chat.retry()
    expect(chat.answer.locator(".versions")).to_contain_text("2 / 2")
    expect(chat.answers).to_have_count(1)
    chat.answer.get_by_role("button", name="Previous version").click()
    expect(chat.answer.locator(".versions")).to_contain_text("1 / 2")
    chat.ask("[[scenario:echo]] On this branch")
    chat.page.reload()
    expect(chat.answers).to_have_count(2)
    expect(chat.answers.first.locator(".versions")).to_contain_text("1 / 2")


def test_a_busy_provider_is_retried_with_a_countdown(chat: ChatPage) -> None:
    chat.record(NOTICE).send("[[scenario:overloaded times=1 retry_after=3 key=countdown]] Are you there?")
    chat.await_recorded(NOTICE, "Trying again in ")
    expect(chat.text).not_to_be_empty()
    chat.await_end()
    counted = re.findall(r"Trying again in (\d) s", "\n".join(chat.recorded(NOTICE)))
    assert counted == sorted(counted, reverse=True)
    assert len(counted) > 1
    expect(chat.answer.locator(".ending")).to_have_count(0)


def test_a_failure_has_advice_and_can_be_retried(chat: ChatPage) -> None:
    chat.send("[[scenario:billing]] Hello")
    expect(chat.answer).to_contain_text("billing problem. An administrator has to solve it.")
    expect(chat.answer.get_by_role("button", name="Retry")).to_be_visible()
    chat.page.reload()
    expect(chat.answer).to_contain_text("billing problem.")


def test_a_spent_budget_is_explained_and_loses_no_text(open_chat: OpenChat, parley: Parley) -> None:
    parley.sessions["thrifty"] = parley.open_session("thrifty")
    parley.run(
        "from chat.models import Budget, User; Budget.objects.create(name='Thrifty', scope='person', period='day',"
        " hard_limit_usd=0, person=User.objects.get(email='thrifty@example.test'))"
    )
    chat = open_chat(name="thrifty")
    chat.send("[[scenario:echo]] Is there any money?")
    expect(chat.page.locator("#composer-error")).to_contain_text("Your budget for today is used up.")
    expect(chat.field).to_have_value("[[scenario:echo]] Is there any money?")
    expect(chat.page.locator(".message")).to_have_count(0)
    expect(chat.page.locator("#welcome")).to_be_visible()
    assert chat.path == "/"
    chat.page.reload()
    chat.await_connection()
    expect(chat.field).to_have_value("[[scenario:echo]] Is there any money?")
    parley.run("from chat.models import Budget; Budget.objects.filter(name='Thrifty').update(enabled=False)")
    chat.field.press("Enter")
    chat.await_end()
    expect(chat.text).to_contain_text("Is there any money?")
    expect(chat.page.locator("#composer-error")).to_be_hidden()


def test_an_interrupted_answer_keeps_its_text(chat: ChatPage) -> None:
    chat.send("[[scenario:error_after_delta at=80 type=invalid_request_error]] Hello")
    chat.await_end()
    expect(chat.answer).to_contain_text("The text so far is saved.")
    expect(chat.text).not_to_be_empty()
    expect(chat.page.get_by_role("button", name="Continue")).to_be_visible()


def test_an_answer_that_breaks_says_that_it_continued(chat: ChatPage) -> None:
    chat.send("[[scenario:cut at=80]] Hello")
    chat.await_end()
    told = chat.page.get_by_text("The answer was interrupted and then continued.")
    expect(told).to_have_count(1)
    expect(chat.page.get_by_role("button", name="Continue")).to_have_count(0)
    chat.page.reload()
    chat.await_connection()
    expect(told).to_have_count(1)
    expect(chat.answers).to_have_count(1)


def test_length_limit_and_refusal_are_named(chat: ChatPage) -> None:
    chat.ask("[[scenario:max_tokens after=10]] Count")
    expect(chat.answer).to_contain_text("The answer reached its length limit.")
    chat.ask("[[scenario:refusal]] Something bad")
    expect(chat.answer).to_contain_text("The model declined to answer.")


def test_a_starter_chooses_its_assistant(chat: ChatPage) -> None:
    chat.page.get_by_role("button", name="A starter of the echo").click()
    chat.page.keyboard.press("Enter")
    chat.await_end()
    expect(chat.text).to_contain_text("A starter of the echo")
    expect(chat.page.get_by_label("Model or assistant")).to_have_value(re.compile("^assistant:"))
    expect(chat.answer.locator(".receipt")).to_contain_text("Haiku")


def test_a_large_answer_is_not_made_again_as_it_grows(chat: ChatPage) -> None:
    chat.count_parsed()
    chat.ask("[[scenario:long tokens=7000 pace=2000]] Everything you know")
    length = len(chat.text.inner_html())
    assert length > 15_000
    # Only the paragraph that is open is made again with each of about a hundred pieces.
    assert chat.parsed() < 8 * length, (chat.parsed(), length)
