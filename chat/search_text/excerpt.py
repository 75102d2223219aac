"""The part of a text that shows why it was found, with the places of the hits."""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from chat.search_text.fold import fold, fold_with_places
from chat.search_text.markup import places_of_words, without_marks
from chat.search_text.query import occurrences

BEFORE, AFTER = 60, 180
# How far from its place in the folded text a hit is looked for at first.
_NEAR = 40
# How far the edges of an excerpt move to stand between words.
_EDGE = 16
_MARKUP = re.compile(r"```\w*|^#{1,6} |^> ", re.MULTILINE)
_SPACE = re.compile(r"\s+")


@dataclasses.dataclass(frozen=True, slots=True)
class Excerpt:
    """A text on one line, and the hits in it as (start, end) in characters, in order and apart from each other."""

    text: str
    hits: tuple[tuple[int, int], ...] = ()

    def pieces(self) -> Iterator[tuple[str, bool]]:
        """Yield the text in pieces, each with whether it is a hit."""
        end = 0
        for start, after in self.hits:
            yield self.text[end:start], False
            yield self.text[start:after], True
            end = after
        yield self.text[end:], False


def mark_hits(text: str, needles: Sequence[str]) -> Excerpt:
    """Return a whole short text, such as a title, with its hits, which signs of Markdown may stand in."""
    line = _SPACE.sub(" ", text)
    kept = places_of_words(line)
    plain = "".join(line[place] for place in kept)
    return Excerpt(line, tuple((kept[start], kept[end - 1] + 1) for start, end in _hits(plain, needles)))


def excerpt(text: str, needles: Sequence[str]) -> Excerpt:
    """Return the words around the first hit of the longest needle; the beginning of a text without hits.

    Signs of Markdown that only format are left out.
    """
    line = _SPACE.sub(" ", without_marks(_MARKUP.sub("", text))).strip()
    start, end = _edges(line, _first_hit(line, max(needles, key=len, default="")))
    found = mark_hits(line[start:end], needles)
    first, last = "…" if start else "", "…" if end < len(line) else ""
    return Excerpt(
        f"{first}{found.text}{last}",
        tuple((begin + len(first), after + len(first)) for begin, after in found.hits),
    )


def _first_hit(line: str, needle: str) -> tuple[int, int]:
    """Return the place of a needle's first hit; (0, 0) without one."""
    folded = fold(line)
    hit = occurrences(needle).search(folded) if needle else None
    if hit is None:
        return 0, 0
    # Where each character comes from takes a while to find out. Most texts keep their length: it is near this place.
    near = hit.start() * len(line) // len(folded)
    start = max(0, near - _NEAR)
    beside = _hits(line[start : near + len(needle) + _NEAR], [needle])
    if beside:
        return start + beside[0][0], start + beside[0][1]
    return next(iter(_hits(line, [needle])), (0, 0))


def _edges(line: str, hit: tuple[int, int]) -> tuple[int, int]:
    start, end = max(0, hit[0] - BEFORE), min(len(line), hit[1] + AFTER)
    if start:
        space = line.find(" ", start, start + _EDGE)
        start = space + 1 if space >= 0 else start
    if end < len(line):
        space = line.rfind(" ", end - _EDGE, end)
        end = space if space >= 0 else end
    return start, end


def _hits(line: str, needles: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of the needles in a text; those that overlap are one."""
    folded, places = fold_with_places(line)
    found = sorted(
        (places[match.start()], _after(places, match.end()))
        for needle in needles
        for match in occurrences(needle).finditer(folded)
    )
    apart: list[tuple[int, int]] = []
    for start, end in found:
        if apart and start < apart[-1][1]:
            apart[-1] = apart[-1][0], max(apart[-1][1], end)
        else:
            apart.append((start, end))
    return apart


def _after(places: list[int], end: int) -> int:
    """Return where the character begins that follows the last one of a hit."""
    last = places[end - 1]
    return next(place for place in places[end:] if place > last)
