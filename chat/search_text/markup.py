"""The signs of Markdown that stand within words and only format them.

Models set a Korean noun in bold and leave its particle as it is: `**핵심**은` is read, and looked for, as 핵심은.
"""

import re

from chat.search_text.fold import fold

_WITHIN_WORDS = re.compile(r"\*\*|~~|`")


def without_marks(text: str) -> str:
    """Return the text without the signs of bold and struck words and of code."""
    return _WITHIN_WORDS.sub("", text)


def places_of_words(text: str) -> list[int]:
    """Return the indexes of the characters that `without_marks` keeps."""
    places = list(range(len(text)))
    for mark in reversed(list(_WITHIN_WORDS.finditer(text))):
        del places[mark.start() : mark.end()]
    return places


def fold_without_marks(text: str) -> str:
    """Return a text of Markdown, or a title made of one, as the index keeps it and search compares it."""
    return fold(without_marks(text))
