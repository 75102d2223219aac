"""Copying on a page without https, where browsers offer no clipboard: the same texts, by the same buttons."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat_page import ChatPage

WITHOUT_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
ANSWER = """A *text* with "quotes"  and 한국어 😀

```python
def f():
\treturn '<b>'
```

| a | b |
|---|---|
| 1 | x y |
| 2 | z |
"""
REFUSES = """() => { document.execCommand = () => false; }"""


@pytest.fixture
def plain_http(chat: ChatPage) -> ChatPage:
    """A page as a browser shows it over http from another machine. Another tab of it reads what was copied."""
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.page.add_init_script(WITHOUT_CLIPBOARD)
    chat.page.reload()
    chat.await_connection()
    assert chat.page.evaluate("navigator.clipboard === undefined")
    return chat


def copied(chat: ChatPage, reader: Page) -> str:
    reader.bring_to_front()
    text = str(reader.evaluate("navigator.clipboard.readText()"))
    chat.page.bring_to_front()
    return text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("button", "wanted"),
    [
        ("Copy", ANSWER.strip()),
        ("Copy code", "def f():\n\treturn '<b>'"),
        ("Copy table", "a\tb\n1\tx y\n2\tz"),
    ],
)
def test_every_copy_button_works_on_plain_http(
    plain_http: ChatPage, second_tab: Callable[[str], ChatPage], button: str, wanted: str
) -> None:
    reader = second_tab("/").page
    reader.evaluate("navigator.clipboard.writeText('before')")
    plain_http.page.bring_to_front()
    plain_http.ask(f"[[scenario:echo]]{ANSWER}")
    found = plain_http.answer.get_by_role("button", name=button, exact=True)
    found.hover()
    found.click()
    expect(found).to_be_focused()
    expect(plain_http.page.locator("#announcer")).to_have_text("Copied")
    assert copied(plain_http, reader) == wanted
    expect(plain_http.page.locator("body > textarea")).to_have_count(0)


def test_a_very_long_text_is_copied_whole(
    plain_http: ChatPage, second_tab: Callable[[str], ChatPage]
) -> None:
    reader = second_tab("/").page
    plain_http.page.bring_to_front()
    plain_http.ask("[[scenario:echo]] Hello")
    text = plain_http.page.evaluate(
        """() => {
          const box = document.querySelector(".message__text");
          box.dataset.raw = "line 줄\\n".repeat(200_000) + "end";
          return box.dataset.raw;
        }"""
    )
    button = plain_http.page.locator(".message--person [data-copy]")
    plain_http.page.locator(".message--person").hover()
    button.click()
    expect(button.locator("use[href='#icon-check']")).to_be_attached()
    assert copied(plain_http, reader) == text


def test_a_browser_that_refuses_says_so(plain_http: ChatPage) -> None:
    plain_http.ask("[[scenario:echo]] Hello")
    plain_http.page.evaluate(REFUSES)
    button = plain_http.answer.locator("[data-copy]")
    button.click()
    expect(plain_http.page.locator("#toast")).to_be_visible()
    expect(button.locator("use[href='#icon-check']")).to_have_count(0)
