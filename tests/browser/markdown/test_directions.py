"""Direction follows the content: of messages, titles, the field, and each block of an answer."""

from pathlib import Path

import pytest

from tests.browser.chat_page import ChatPage
from tests.browser.markdown.test_world import show

DIRECTIONS = (Path(__file__).parents[2] / "world" / "markdown" / "directions.md").read_text()
DIRECTION = "nodes => nodes.map((node) => getComputedStyle(node).direction)"


def directions(chat: ChatPage, selector: str) -> set[str]:
    found = chat.page.locator(selector).evaluate_all(DIRECTION)
    assert found, selector
    return set(found)


def test_blocks_have_the_direction_of_their_text(chat: ChatPage) -> None:
    show(chat, DIRECTIONS)
    for block in ("p >> nth=0", "ul", "li", "table", "th", "td", "blockquote", "blockquote p", "h3"):
        assert directions(chat, f"#shown {block}") == {"rtl"}, block
    for block in ("code", "pre", "p:text('English')"):
        assert directions(chat, f"#shown {block}") == {"ltr"}, block


@pytest.mark.parametrize(
    ("text", "selector", "expected"),
    [
        ("`code` שלום", "p", "rtl"),
        ("https://example.com/a שלום", "p", "rtl"),
        ("1. אחת\n2. two", "ol", "rtl"),
        ("- one\n- שתיים", "ul", "ltr"),
        ("- פסקה\n\n  שנייה", "li", "rtl"),
        ("> - פריט", "ul", "rtl"),
        ("> - פריט", "blockquote", "rtl"),
        ("<details><summary>سؤال</summary>\n\nجواب\n\n</details>", "summary", "rtl"),
        ("<details><summary>سؤال</summary>\n\nجواب\n\n</details>", "details", "rtl"),
        ("- [ ] مهمة", "li", "rtl"),
        ("שלום[^1]\n\n[^1]: הערה", "ol.footnotes", "rtl"),
        ("12\n\n- 34", "p", "ltr"),
        ("| א | ב |\n|---|---|\n| 1 | two |", "td >> nth=0", "rtl"),
        ("| א | ב |\n|---|---|\n| 1 | two |", "td >> nth=1", "ltr"),
        ("이것은 \u200fא", "p", "ltr"),
    ],
)
def test_direction_follows_the_first_letter(chat: ChatPage, text: str, selector: str, expected: str) -> None:
    show(chat, text)
    assert chat.page.locator(f"#shown {selector}").first.evaluate(
        "node => getComputedStyle(node).direction"
    ) == (expected)


def test_a_table_right_to_left_begins_at_the_right(chat: ChatPage) -> None:
    show(chat, "| א | ב |\n|---|---|\n| 1 | 2 |")
    first, second = (chat.page.locator("#shown td").nth(place).bounding_box() for place in (0, 1))
    assert first is not None
    assert second is not None
    assert first["x"] > second["x"]


def test_messages_titles_and_field_follow_their_text(chat: ChatPage) -> None:
    chat.field.fill("مرحبا، هذه فقرة.")
    assert directions(chat, "#message") == {"rtl"}
    chat.ask("[[scenario:echo]] hello")
    chat.field.fill("hello")
    assert directions(chat, "#message") == {"ltr"}
    for place in ("#title", ".conversation--current .conversation__title", ".message__text"):
        # In one step: the title arrives meanwhile, and the list with it.
        shown = chat.page.locator(place).first.evaluate(
            f"node => (node.textContent = 'عنوان', ({DIRECTION})([node])[0])"
        )
        assert shown == "rtl", place
