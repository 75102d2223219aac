"""Saved prompts on the page: found by typing, inserted by keyboard or touch, filled in a form."""

import json

import pytest
from playwright.sync_api import Route, expect

from tests.browser.checks import PHONE, check_accessible, check_both_themes, check_touch_targets, check_width
from tests.browser.conftest import OpenChat, Parley

MAIL = "Write a {{tone=kind}} mail about\n{{topic}}, {{length:short|long}}."


@pytest.fixture(scope="module")
def prompts(parley: Parley) -> None:
    for command, description, text in (
        ("mail", "A letter", MAIL),
        ("plain", "", "Review this: $& {code}"),
        ("요약", "세 문장", "요약해 줘"),
    ):
        parley.run(
            f"from chat.models import SavedPrompt as P; P.objects.create(command={command!r},"
            f" description={description!r}, text={text!r}, for_everyone=True)"
        )


@pytest.mark.parametrize(("name", "options"), [("insider", {}), ("korean", PHONE)])
def test_a_prompt_is_found_filled_and_inserted(
    prompts: None, open_chat: OpenChat, name: str, options: dict[str, object]
) -> None:
    chat = open_chat(name=name, **options)
    page, box = chat.page, chat.page.locator("[data-prompts]")
    chat.field.focus()
    page.keyboard.type("/")
    expect(box.get_by_role("option")).to_have_count(3)
    expect(chat.field).to_have_attribute(
        "aria-activedescendant", box.get_by_role("option").first.get_attribute("id") or ""
    )
    check_width(page)
    check_accessible(page)
    if options:
        check_touch_targets(page)
        box.get_by_role("option").first.tap()
    else:
        page.keyboard.type("let")
        expect(box.get_by_role("option")).to_have_count(1)
        page.keyboard.press("Tab")
    form = page.locator("#prompt-form")
    expect(form.locator("[data-value]").first).to_have_value("kind")
    check_width(page)
    check_both_themes(page)
    form.locator("[data-value]").nth(1).fill("the garden\nand $& {{tone}}")
    form.locator("select").select_option("long")
    if options:
        form.locator("[type=submit]").tap()
    else:
        form.locator("textarea").nth(1).press("Enter")
    expect(chat.field).to_have_value("Write a kind mail about\nthe garden\nand $& {{tone}}, long.")
    expect(chat.field).to_be_focused()
    expect(page.locator(".message--person")).to_have_count(0)
    chat.send("[[scenario:echo]] " + chat.field.input_value())
    expect(chat.answers).to_have_count(1)


def test_the_list_follows_the_keys(prompts: None, open_chat: OpenChat) -> None:
    chat = open_chat()
    page, box = chat.page, chat.page.locator("[data-prompts]")
    chat.field.focus()
    page.keyboard.type("/")
    expect(box.get_by_role("option")).to_have_count(3)
    for key, chosen in (("ArrowDown", 1), ("ArrowUp", 0), ("ArrowUp", 2)):
        page.keyboard.press(key)
        expect(box.get_by_role("option").nth(chosen)).to_have_attribute("aria-selected", "true")
    # Escape closes the list and keeps the text, which is sent like any other.
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    page.keyboard.type("mail")
    expect(box).to_be_hidden()
    chat.field.fill("")
    page.keyboard.type("/pla")
    page.keyboard.press("Enter")
    expect(chat.field).to_have_value("Review this: $& {code}")
    # A cancelled form leaves the command.
    chat.field.fill("")
    page.keyboard.type("/mail")
    page.keyboard.press("Enter")
    expect(page.locator("#prompt-form")).to_be_visible()
    page.keyboard.press("Escape")
    expect(chat.field).to_have_value("/mail")
    expect(chat.field).to_be_focused()
    # A path is a message.
    chat.field.fill("")
    page.keyboard.insert_text("/usr/bin/env")
    expect(box).to_be_hidden()


def test_an_input_method_keeps_its_keys(prompts: None, open_chat: OpenChat) -> None:
    chat = open_chat()
    box = chat.page.locator("[data-prompts]")
    chat.field.focus()
    devtools = chat.page.context.new_cdp_session(chat.page)
    chat.page.keyboard.type("/")
    for text in ("ㅇ", "요", "용", "요야"):
        devtools.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        )
        expect(box.get_by_role("option", name="요약")).to_have_count(1)
    # Enter belongs to the composition, in the words of Chrome and of Safari.
    for extra in ({"isComposing": True}, {"keyCode": 229}):
        chat.field.evaluate(
            "(field, extra) => field.dispatchEvent(new KeyboardEvent('keydown',"
            " { key: 'Enter', bubbles: true, cancelable: true, ...extra }))",
            extra,
        )
        expect(box).to_be_visible()
    devtools.send("Input.insertText", {"text": "요약"})
    expect(box.get_by_role("option", name="요약")).to_have_attribute("aria-selected", "true")
    chat.page.keyboard.press("Enter")
    expect(chat.field).to_have_value("요약해 줘")
    expect(chat.page.locator(".message--person")).to_have_count(0)


@pytest.mark.parametrize(("name", "options"), [("insider", {}), ("korean", PHONE)])
def test_own_prompts_have_a_page(
    open_chat: OpenChat, parley: Parley, name: str, options: dict[str, object]
) -> None:
    chat = open_chat(name=name, **options)
    page = chat.page
    page.goto(f"{parley.url}/settings/prompts")
    page.locator("[name=command]").fill(f"Own-{name}")
    page.locator("[name=text]").fill("Mine")
    page.locator("form.account__form [type=submit]").click()
    expect(page.locator(".account__row strong")).to_have_text(f"/own-{name}")
    check_width(page)
    check_both_themes(page)
    page.locator(".account__row a.button").click()
    expect(page.locator("[name=text]")).to_have_value("Mine")
    page.go_back()
    page.locator(".account__row form button").click()
    expect(page.locator(".account__row")).to_have_count(0)


def test_one_enter_after_an_insertion_sends_once(prompts: None, open_chat: OpenChat) -> None:
    chat = open_chat()
    sent: list[str] = []
    chat.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    chat.page.reload()
    chat.await_connection()
    chat.field.focus()
    chat.page.keyboard.type("/plain")
    chat.page.keyboard.press("Enter")
    expect(chat.field).to_have_value("Review this: $& {code}")
    chat.page.keyboard.press("Enter")
    expect(chat.answers).to_have_count(1)
    chat.await_end()
    starts = [json.loads(frame) for frame in sent if "turn.start" in frame]
    assert [start["text"] for start in starts] == ["Review this: $& {code}"]


@pytest.mark.parametrize(("typed", "field"), [("/plain", "Review this: $& {code}"), ("/nothing-like-it", "")])
def test_an_enter_before_the_list_has_arrived_counts(
    prompts: None, open_chat: OpenChat, typed: str, field: str
) -> None:
    chat = open_chat()
    held: list[Route] = []
    chat.page.route("**/prompts", lambda route: held.append(route))  # noqa: PLW0108 - Playwright asks for a function
    chat.field.focus()
    with chat.page.expect_request("**/prompts"):
        chat.page.keyboard.type(typed)
    chat.page.keyboard.press("Enter")
    expect(chat.field).to_have_value(typed)
    while held:
        held.pop().continue_()
    expect(chat.field).to_have_value(field)
    expect(chat.page.locator("#thread > .message--person")).to_have_count(0 if field else 1)
