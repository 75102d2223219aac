"""The words of titles: what is left of a text, of a model's answer and of its Markdown."""

import pytest

from chat.operations.conversations.title_text import first_words, title_from_answer


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", ""),
        ("How\n  high?", "How high?"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("word " * 20, ("word " * 16)[:79] + "…"),
        (" \n" * 2000 + "At last", "At last"),
        ("**Important**: read ~~this~~ `that`", "Important: read this that"),
        ("**`git rebase`** and **핵심**은", "git rebase and 핵심은"),
        # Signs that mean something.
        ("What is 2**10 and 3**5?", "What is 2**10 and 3**5?"),
        ("Pass **kwargs on", "Pass **kwargs on"),
        ("Why `**kwargs` and `*args`?", "Why **kwargs and *args?"),
        ("```python\nprint(1)\n```", "```python print(1) ```"),
        ("Why ``a`b``?", "Why a`b?"),
        ("`unclosed and ** alone", "`unclosed and ** alone"),
    ],
)
def test_provisional_title_is_the_first_words(text: str, title: str) -> None:
    assert first_words(text) == title


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ('"High mountains."', "High mountains"),
        ("## Mountains\nof \x00home", "Mountains of \ufffdhome"),
        ("«Berge»", "Berge"),
        ("  \n", ""),
        ("x" * 100, ""),
        ("a b c d e f g h i j k l m n", ""),
        ("<thinking>Which one?</thinking> Bridges", "Bridges"),
        ("**Title:** Bridges of Seoul", "Bridges of Seoul"),
        ("제목: 서울의 다리", "서울의 다리"),
        ("标题\uff1a桥", "桥"),
        ("Which** bridge is 2**10 m long?", "Which bridge is 2**10 m long?"),
        ("Title deeds explained", "Title deeds explained"),
        # What no database takes, written in the escapes of JSON.
        (r'{"title": "A\u0000 bridge\ud800"}', "A\ufffd bridge\ufffd"),
        ('{"title": 7}', ""),
        ('{"title": "Cut', ""),
        ('{"a":' * 300, ""),
    ],
)
def test_title_is_taken_out_of_an_answer(answer: str, title: str) -> None:
    assert title_from_answer(answer) == title
