"""For everybody: keyboard, phone, screen reader, light and dark, English and Korean."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.chat import Chat
from tests.browser.conftest import Parley

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WIDE = (
    "[[scenario:echo]] | a | b | c | d | e | f |\n|--|--|--|--|--|--|\n"
    + ("| wide cell " * 6 + "|\n") * 3
    + ("\n```\n" + "x" * 300 + "\n```\n\n" + "y" * 300)
)

Enter = Callable[..., BrowserContext]


def opened(enter: Enter, parley: Parley, path: str = "/", name: str = "insider", **options: object) -> Chat:
    return Chat(enter(name, **options).new_page(), parley.url).open(path)


def settle(page: Page) -> None:
    """Wait until whatever moves or fades has done so; what pulses for ever is let be."""
    page.evaluate(
        """() => Promise.all(document.getAnimations()
          .filter(animation => animation.effect.getComputedTiming().endTime !== Infinity)
          .map(animation => animation.finished.catch(() => {})))"""
    )


def check_width(page: Page) -> None:
    settle(page)
    wider = page.evaluate(
        """() => [...document.querySelectorAll('*')].filter(node => {
          const box = node.closest('.table, pre, .receipt__list, svg, select, .visually-hidden, .skip-link');
          const rect = node.getBoundingClientRect();
          return !box && rect.width && (rect.right > innerWidth + 1 || rect.left < -1);
        }).map(node => node.outerHTML.slice(0, 120))"""
    )
    assert wider == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth")


def check_accessible(page: Page) -> None:
    settle(page)
    found = Axe().run(page).response["violations"]
    bad = [
        f"{rule['id']}: {node['html']}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
    assert not bad, "\n".join(bad)


def test_keyboard_only(chat: Chat) -> None:
    keyboard = chat.page.keyboard
    expect(chat.field).to_be_focused()
    keyboard.type("[[scenario:long tokens=60 pace=60]] first line")
    keyboard.press("Shift+Enter")
    keyboard.type("second line")
    expect(chat.page.locator(".message--person")).to_have_count(0)
    keyboard.press("Enter")
    chat.await_words(1)
    chat.await_end()
    expect(chat.page.locator(".message__text")).to_contain_text(
        "first line\nsecond line", use_inner_text=True
    )
    keyboard.press("Control+k")
    expect(chat.page.locator("#search")).to_be_focused()
    keyboard.press("Shift+Escape")
    expect(chat.field).to_be_focused()
    chat.page.locator("#title").click()
    keyboard.press("?")
    expect(chat.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    keyboard.press("Escape")
    expect(chat.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    keyboard.press("Control+Shift+O")
    chat.page.wait_for_url(f"{chat.url}/")


def test_skip_link_is_the_first_stop(chat: Chat) -> None:
    chat.ask("[[scenario:echo]] A page to begin on")
    chat.page.reload()
    chat.page.keyboard.press("Tab")
    expect(chat.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator("#main")).to_be_focused()


def test_enter_while_composing_korean_does_not_send(chat: Chat) -> None:
    chat.field.fill("안녕하세요")
    for extra in ("isComposing: true", "keyCode: 229"):
        chat.field.evaluate(
            "(field) => field.dispatchEvent(new KeyboardEvent('keydown',"
            f" {{ key: 'Enter', bubbles: true, cancelable: true, {extra} }}))"
        )
    expect(chat.page.locator(".message--person")).to_have_count(0)
    expect(chat.field).to_have_value("안녕하세요")


def test_menu_by_keyboard_renames_pins_and_deletes(chat: Chat) -> None:
    chat.ask("[[scenario:echo]] For the menu")
    page = chat.page
    current = page.locator(".conversation--current")
    current.locator("a").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("Enter")
    title = page.get_by_role("textbox", name="Title")
    expect(title).to_be_focused()
    title.fill("정원 계획")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("정원 계획")
    expect(current.locator("a")).to_have_text("정원 계획")
    current.get_by_role("button").first.click()
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".conversations__group h2").first).to_have_text("Pinned")
    current.get_by_role("button").first.click()
    page.get_by_role("menuitem", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete the conversation?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Delete").click()
    page.wait_for_url(f"{chat.url}/")
    expect(page.get_by_role("link", name="정원 계획")).to_have_count(0)


def test_titles_are_found_while_typing(chat: Chat) -> None:
    chat.ask("[[scenario:echo]] Needle")
    page = chat.page
    page.locator(".conversation--current").get_by_role("button").first.click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Title").fill("A unique needle")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_have_text("A unique needle")
    page.locator("#search").fill("unique need")
    expect(page.locator(".conversation > a")).to_have_text(["A unique needle"])
    page.locator("#search").fill("nothing has this")
    expect(page.locator("#conversations")).to_contain_text("No title matches.")


def test_archive_takes_a_conversation_away_and_back(chat: Chat) -> None:
    chat.ask("[[scenario:echo]] To the archive")
    page = chat.page
    row = page.locator(f".conversation:has(a[href='{chat.path}'])")
    row.get_by_role("button").first.click()
    page.get_by_role("menuitem", name="Archive").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Archived conversations").click()
    expect(row).to_have_count(1)
    row.get_by_role("button").first.click()
    page.get_by_role("menuitem", name="Take out of the archive").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Back to all").click()
    expect(row).to_have_count(1)


def test_phone(enter: Enter, parley: Parley) -> None:
    chat = opened(enter, parley, **PHONE)
    check_width(chat.page)
    chat.ask(WIDE)
    check_width(chat.page)
    expect(chat.page.locator("#sidebar")).to_be_hidden()
    small = chat.page.evaluate(
        """() => [...document.querySelectorAll('button, a, select, summary')].filter(node => {
          const { width, height } = node.getBoundingClientRect();
          return node.checkVisibility() && !node.closest('p, .skip-link') && width && (height < 43.5 || width < 43.5);
        }).map(node => node.outerHTML.slice(0, 100))"""
    )
    assert small == []


def test_phone_drawer_is_a_dialog(enter: Enter, parley: Parley) -> None:
    chat = opened(enter, parley, **PHONE)
    page = chat.page
    page.get_by_role("button", name="Show conversations").click()
    drawer = page.get_by_role("dialog", name="Conversations")
    expect(drawer).to_be_visible()
    for _press in range(12):
        page.keyboard.press("Tab")
        inside = page.evaluate(
            "document.activeElement === document.body || document.activeElement.closest('#drawer') !== null"
        )
        assert inside
    check_width(page)
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.get_by_role("button", name="Show conversations")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [{}, PHONE], ids=["wide", "phone"])
def test_accessible(enter: Enter, parley: Parley, scheme: str, size: dict[str, object]) -> None:
    chat = opened(enter, parley, color_scheme=scheme, reduced_motion="reduce", **size)
    check_accessible(chat.page)
    chat.ask("Show me a table and some code")
    expect(chat.answer.locator(".hljs-keyword").first).to_be_visible()
    chat.answer.locator(".receipt summary").click()
    check_accessible(chat.page)
    if size:
        chat.page.get_by_role("button", name="Show conversations").click()
    chat.page.get_by_role("button", name="Settings").click()
    check_accessible(chat.page)


def test_theme_is_kept_and_never_flashes(chat: Chat) -> None:
    chat.page.get_by_role("button", name="Settings").click()
    chat.page.get_by_role("radio", name="Dark").check()
    dark = "getComputedStyle(document.documentElement).colorScheme"
    assert chat.page.evaluate(dark) == "dark"
    chat.page.add_init_script(
        "new PerformanceObserver((list) => { for (const entry of list.getEntries())"
        " if (entry.name === 'first-paint') window.firstScheme = document.documentElement.dataset.theme; })"
        ".observe({ type: 'paint', buffered: true });"
    )
    chat.page.reload()
    chat.page.wait_for_function("() => window.firstScheme !== undefined")
    assert chat.page.evaluate("window.firstScheme") == "dark"
    chat.page.get_by_role("button", name="Settings").click()
    expect(chat.page.get_by_role("radio", name="Dark")).to_be_checked()


def test_korean(enter: Enter, parley: Parley) -> None:
    chat = opened(enter, parley, name="korean")
    page = chat.page
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    visible = page.locator("body").inner_text()
    for english in ("New conversation", "Write a message", "Send", "Today", "Find by title"):
        assert english not in visible
    chat.say("[[scenario:long tokens=300 pace=60]] 이야기해 주세요").await_words(10)
    page.get_by_role("button", name="답변 중지").click()
    chat.await_end()
    expect(chat.answer).to_contain_text("답변을 중지했습니다.")
    expect(page.get_by_role("button", name="이어서 쓰기")).to_be_visible()
    check_width(page)


def test_language_is_changed_in_the_page(enter: Enter, parley: Parley) -> None:
    chat = opened(enter, parley, name="admin")
    chat.page.get_by_role("button", name="Settings").click()
    chat.page.get_by_role("button", name="한국어").click()
    expect(chat.page.locator("html")).to_have_attribute("lang", "ko")
    chat.page.get_by_role("button", name="설정").click()
    chat.page.get_by_role("button", name="English").click()
    expect(chat.page.locator("html")).to_have_attribute("lang", "en")
    expect(chat.page.get_by_role("link", name="Administration")).to_be_hidden()


def test_long_conversation_loads_earlier_messages_in_place(chat: Chat, parley: Parley) -> None:
    made = parley.run(
        "from tests import factories; print(factories.long_conversation(factories.person('insider'), 150).id)"
    )
    chat.open(f"/c/{made}")
    page = chat.page
    expect(page.get_by_text("Message 149", exact=True)).to_be_in_viewport()
    page.locator("#main").evaluate("node => node.scrollTo(0, 0)")
    first = page.get_by_text("Message 110", exact=True)
    expect(first).to_be_in_viewport()
    page.get_by_role("button", name="Show earlier messages").click()
    expect(page.locator(".message")).to_have_count(80)
    expect(first).to_be_in_viewport()
    for count in (120, 150):
        page.locator("#main").evaluate("node => node.scrollTo(0, 0)")
        page.get_by_role("button", name="Show earlier messages").click()
        expect(page.locator(".message")).to_have_count(count)
    expect(page.get_by_role("button", name=re.compile("earlier"))).to_have_count(0)
