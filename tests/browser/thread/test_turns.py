"""Turns as a person lives through them: text in steps, reload, second tab, stop, continue, retry, failures."""

import re
import statistics
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.chat import Chat
from tests.browser.conftest import Parley
from tests.browser.test_comfort import Enter

LONG = "[[scenario:long tokens=300 pace=60]] Tell me a long story"


def test_text_comes_in_steps_and_ends_with_its_bill(chat: Chat) -> None:
    chat.say("Show me what you can do")
    lengths = [chat.await_words(1)]
    for _step in range(3):
        lengths.append(chat.await_words(lengths[-1] + 1))
    assert lengths == sorted(set(lengths))
    expect(chat.live).to_have_count(1)
    chat.await_end()
    expect(chat.answer.locator("table")).to_be_visible()
    expect(chat.answer.locator(".code .hljs-keyword").first).to_be_visible()
    chat.answer.locator(".receipt summary").click()
    expect(chat.answer.locator(".receipt__list")).to_contain_text(re.compile(r"Cost\s*\$0\.\d+ \(exact\)"))
    expect(chat.page.locator("#announcer")).to_contain_text("The answer is finished.")
    assert chat.path.startswith("/c/")
    expect(chat.page.locator(".conversation--current > a")).to_have_attribute("href", chat.path)


def test_a_reload_in_the_middle_loses_nothing(chat: Chat) -> None:
    chat.say(LONG)
    seen = chat.await_words(40)
    chat.page.reload()
    assert chat.await_words(seen) >= seen
    expect(chat.live).to_have_count(1)
    chat.await_end()
    streamed = chat.text.text_content()
    chat.page.reload()
    expect(chat.text).to_have_text(streamed or "")
    expect(chat.answers).to_have_count(1)


def test_a_second_tab_sees_the_same_text_go_on(chat: Chat, second_tab: Callable[[str], Chat]) -> None:
    chat.say(LONG).await_words(10)
    other = second_tab(chat.path)
    assert other.await_words(10) >= 10
    expect(other.stop).to_be_visible()
    chat.await_end()
    other.await_end()
    assert other.text.text_content() == chat.text.text_content()
    other.ask("[[scenario:echo]] From the other tab")
    chat.await_end()
    expect(chat.text).to_contain_text("From the other tab")
    assert chat.page.locator("[data-message]").count() == 4


def test_stop_keeps_the_text_and_continue_goes_on(chat: Chat) -> None:
    chat.say(LONG).await_words(40)
    chat.stop.click()
    chat.await_end()
    expect(chat.answer).to_contain_text("You stopped this answer.")
    kept = chat.text.text_content() or ""
    assert len(kept) >= 40
    expect(chat.answer.locator(".receipt")).to_contain_text("≈ $")
    chat.page.get_by_role("button", name="Continue").click()
    expect(chat.answers).to_have_count(2)
    chat.await_end()
    expect(chat.page.locator(".divider")).to_have_text("Continued")
    expect(chat.answers.first).to_contain_text(kept[:30])
    expect(chat.page.get_by_role("button", name="Continue")).to_be_hidden()


def test_stop_by_keyboard_while_nothing_has_come(chat: Chat) -> None:
    chat.say("[[scenario:slow_first_byte first_byte=20]] Hello")
    expect(chat.answer.locator("[data-notice]")).to_contain_text(
        re.compile(r"Waiting for the first words… [2-9] s")
    )
    chat.page.keyboard.press("Escape")
    chat.await_end()
    expect(chat.answer).to_contain_text("You stopped this answer.")
    expect(chat.field).to_be_focused()


def test_retry_makes_another_version(chat: Chat) -> None:
    chat.ask("[[scenario:echo]] Once more, please")
    chat.answer.get_by_role("button", name="Retry").click()
    expect(chat.answer.locator(".versions")).to_contain_text("2 / 2")
    expect(chat.answers).to_have_count(1)
    chat.answer.get_by_role("button", name="Previous version").click()
    expect(chat.answer.locator(".versions")).to_contain_text("1 / 2")
    chat.ask("[[scenario:echo]] On this branch")
    chat.page.reload()
    expect(chat.answers).to_have_count(2)
    expect(chat.answers.first.locator(".versions")).to_contain_text("1 / 2")


def test_a_busy_upstream_is_counted_down_and_then_answers(chat: Chat) -> None:
    chat.say("[[scenario:overloaded times=1 retry_after=3 key=countdown]] Are you there?")
    expect(chat.answer.locator("[data-notice]")).to_contain_text(re.compile(r"Trying again in [1-3] s"))
    expect(chat.text).not_to_be_empty()
    chat.await_end()
    expect(chat.answer.locator(".ending")).to_have_count(0)


def test_a_failure_says_what_helps_and_can_be_retried(chat: Chat) -> None:
    chat.say("[[scenario:billing]] Hello")
    expect(chat.answer).to_contain_text("billing problem. An administrator has to solve it.")
    expect(chat.answer.get_by_role("button", name="Retry")).to_be_visible()
    chat.page.reload()
    expect(chat.answer).to_contain_text("billing problem.")


def test_a_spent_budget_says_why_and_gives_the_message_back(enter: Enter, parley: Parley) -> None:
    parley.sessions["thrifty"] = parley.open_session("thrifty")
    parley.run(
        "from chat.models import Budget, User; Budget.objects.create(name='Thrifty', scope='person', period='day',"
        " hard_limit_usd=0, person=User.objects.get(email='thrifty@example.test'))"
    )
    chat = Chat(enter("thrifty").new_page(), parley.url).open()
    chat.say("[[scenario:echo]] Is there any money?")
    expect(chat.page.locator("#composer-error")).to_contain_text(
        "No money is left: your budget for today is used up."
    )
    expect(chat.field).to_have_value("[[scenario:echo]] Is there any money?")
    expect(chat.page.locator(".message")).to_have_count(0)
    expect(chat.page.locator("#welcome")).to_be_visible()
    assert chat.path == "/"
    chat.page.reload()
    chat.await_line()
    expect(chat.field).to_have_value("[[scenario:echo]] Is there any money?")
    parley.run("from chat.models import Budget; Budget.objects.filter(name='Thrifty').update(enabled=False)")
    chat.field.press("Enter")
    chat.await_end()
    expect(chat.text).to_contain_text("Is there any money?")
    expect(chat.page.locator("#composer-error")).to_be_hidden()


def test_a_cut_answer_keeps_its_text(chat: Chat) -> None:
    chat.say("[[scenario:cut at=80]] Hello")
    chat.await_end()
    expect(chat.answer).to_contain_text("What had arrived is kept.")
    expect(chat.text).not_to_be_empty()
    expect(chat.page.get_by_role("button", name="Continue")).to_be_visible()


def test_the_length_limit_and_a_refusal_each_have_their_end(chat: Chat) -> None:
    chat.ask("[[scenario:max_tokens after=10]] Count")
    expect(chat.answer).to_contain_text("The answer reached its length limit.")
    chat.ask("[[scenario:refusal]] Something bad")
    expect(chat.answer).to_contain_text("The model declined to answer.")


def test_an_assistant_is_chosen_by_its_starter(chat: Chat) -> None:
    chat.page.get_by_role("button", name="A starter of the echo").click()
    chat.await_end()
    expect(chat.text).to_contain_text("A starter of the echo")
    expect(chat.page.get_by_label("Model or assistant")).to_have_value(re.compile("^assistant:"))
    expect(chat.answer.locator(".receipt")).to_contain_text("Haiku")


def test_a_large_answer_stays_smooth(chat: Chat) -> None:
    chat.page.evaluate(
        """() => {
          window.steps = [];
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.steps.push(entry.duration);
          }).observe({ type: "longtask", buffered: true });
        }"""
    )
    chat.say("[[scenario:long tokens=7000 pace=2000]] Everything you know")
    expect(chat.live).to_have_count(1)
    chat.await_words(20_000)
    steps = chat.page.evaluate("window.steps")
    chat.await_end()
    # The rendering of one step must not grow with the text: the final rendering of all of it is the yardstick.
    whole = chat.page.evaluate(
        """() => {
          const element = document.createElement("parley-markdown");
          element.textContent = [...document.querySelectorAll("parley-markdown")].at(-1).source;
          const began = performance.now();
          document.body.append(element);
          element.getBoundingClientRect();
          const took = performance.now() - began;
          element.remove();
          return took;
        }"""
    )
    # One long step may be the machine's; steps that grow are many.
    usual = statistics.median(steps) if len(steps) > 5 else 0
    assert usual < max(200, 4 * whole), (steps, whole)
