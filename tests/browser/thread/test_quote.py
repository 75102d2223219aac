"""A selected passage goes into the message field as a quotation, with its Markdown, by a button or by keys."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chat_page import ChatPage
from tests.browser.checks import PHONE, check_accessible, check_touch_targets
from tests.browser.conftest import OpenChat

ANSWER = r"""A **bold** start with `code`, a [link](https://example.com/a) and \(x^2\).

1. first
2. second *item*
   - inner

```python
def f():
    return 1
```

| a | b |
|---|---|
| 1 | 2 |

> quoted before

# is no heading here: 5 * 3 * 2
"""
QUOTED = r"""> A **bold** start with `code`, a [link](https://example.com/a) and \(x^2\).
>
> 1. first
> 2. second *item*
>    - inner
>
> ```python
> def f():
>     return 1
> ```
>
> | a | b |
> | --- | --- |
> | 1 | 2 |
>
> > quoted before
>
> # is no heading here: 5 \* 3 \* 2

"""
# Selects from the first place of one element to the last of another.
SELECT = """([first, last]) => {
  const nodes = [...document.querySelectorAll(first)];
  const ends = [...document.querySelectorAll(last)];
  getSelection().setBaseAndExtent(nodes[0], 0, ends.at(-1), ends.at(-1).childNodes.length);
}"""


def select(chat: ChatPage, first: str, last: str | None = None) -> None:
    chat.page.evaluate(SELECT, [first, last or first])


@pytest.mark.parametrize(
    ("language", "options", "name"),
    [("en", {}, "Quote"), ("ko", PHONE, "인용")],
    ids=["1440 px, English, keys", "390 px, Korean, touch"],
)
def test_a_passage_is_quoted(open_chat: OpenChat, language: str, options: dict[str, Any], name: str) -> None:
    chat = open_chat(name="korean" if language == "ko" else "insider", locale=language, **options)
    chat.ask(f"[[scenario:echo]]{ANSWER}")
    expect(chat.text.locator("[data-set]")).to_have_count(1)
    button = chat.page.locator("button.quote")
    select(chat, ".message--answer parley-markdown")
    expect(button).to_be_visible()
    expect(button).to_have_accessible_name(name)
    if options:
        check_touch_targets(chat.page)
        button.tap()
    else:
        chat.page.keyboard.press("Control+Shift+Period")
    expect(chat.field).to_have_value(QUOTED)
    expect(button).to_be_hidden()
    expect(chat.field).to_be_focused()
    # Undone like typing, and put at the caret, with blank lines around it.
    chat.field.fill("Before.After.")
    chat.field.evaluate("field => { field.setSelectionRange(7, 7); field.blur(); }")
    select(chat, ".message--answer ol > li:first-child")
    expect(button).to_be_visible()
    button.click()
    expect(chat.field).to_have_value("Before.\n\n> 1. first\n\nAfter.")
    chat.page.keyboard.press("Control+z")
    expect(chat.field).to_have_value("Before.After.")
    # What a person wrote is quoted as it was typed; the message field itself is no message.
    select(chat, ".message--person .message__text")
    expect(button).to_be_visible()
    chat.field.select_text()
    expect(button).to_be_hidden()
    select(chat, ".message--answer td:first-child")
    expect(button).to_be_visible()
    check_accessible(chat.page)
