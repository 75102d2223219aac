"""Cuts a text into passages of similar length, at paragraphs, else at sentences, else at words."""

import re
from collections.abc import Iterator

LENGTH = 1_200
_PARAGRAPH, _SENTENCE, _SPACE = re.compile(r"\n\s*\n"), re.compile(r"(?<=[.!?。…])\s+|\n"), re.compile(r"\s+")


def passages(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each passage; together they hold all but white space at their edges."""
    start, length = 0, len(text)
    while start < length:
        end = length if length - start <= LENGTH else _end(text, start)
        part = text[start:end]
        first = start + len(part) - len(part.lstrip())
        last = start + len(part.rstrip())
        if first < last:
            yield first, last
        start = end


def _end(text: str, start: int) -> int:
    """Return where to cut: the last good place in the second half of the longest passage."""
    least, most = start + LENGTH // 2, start + LENGTH
    for pattern in (_PARAGRAPH, _SENTENCE, _SPACE):
        ends = [found.end() for found in pattern.finditer(text, least, most)]
        if ends:
            return ends[-1]
    return most
