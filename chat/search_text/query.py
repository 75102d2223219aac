"""What a person types, as terms of the index and as the texts that a result must contain."""

import dataclasses
import re

from chat.search_text.fold import fold
from chat.search_text.markup import without_marks
from chat.search_text.scripts import DENSE, RUN
from chat.search_text.tokens import LONGEST_TOKEN, bigrams

LONGEST_QUERY = 200
MOST_NEEDLES = 12
_PART = re.compile(r"[\"“”„«»]([^\"“”„«»]+)[\"“”„«»]?|(\S+)")
# A syllable whose next letter is being typed: 서ㅇ on the way to 서울.
_UNFINISHED = re.compile("(?<=[\uac00-\ud7a3])[\u1100-\u1112]$")


@dataclasses.dataclass(frozen=True, slots=True)
class Term:
    """A token that a text must have; with `is_prefix` any token that begins so."""

    text: str
    is_prefix: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """Folded texts that all have to occur, and the terms that narrow the search down.

    Without terms only titles can be searched: a single syllable is in too many texts.
    """

    needles: tuple[str, ...]
    terms: tuple[Term, ...]


def read_query(text: str) -> Query:
    """Return the query for a typed text: words that all have to occur, in quotes one after the other.

    Words of alphabets are found by their beginning, those of dense scripts at any place.
    """
    parts = [quoted or word for quoted, word in _PART.findall(without_marks(text[:LONGEST_QUERY]))]
    folded = [fold(part).strip() for part in parts]
    if folded:
        folded[-1] = _UNFINISHED.sub("", folded[-1])
    # A lone dash or comma says nothing where there are words.
    telling = [needle for needle in folded if RUN.search(needle)] or [needle for needle in folded if needle]
    needles = tuple(dict.fromkeys(telling))[:MOST_NEEDLES]
    return Query(needles, tuple(dict.fromkeys(term for needle in needles for term in _terms(needle))))


def _terms(needle: str) -> list[Term]:
    terms = []
    for run in RUN.finditer(needle):
        at_start, at_end = run.start() == 0, run.end() == len(needle)
        if run.lastgroup == "dense":
            # At an edge the text's run may go on, and then the character is part of a pair there.
            if len(run[0]) > 1 or not (at_start or at_end):
                terms += [Term(pair) for pair in bigrams(run[0])]
        else:
            word = run[0][:LONGEST_TOKEN]
            goes_on = run.lastgroup == "word" and at_end and len(word) > 1
            terms.append(Term(word, is_prefix=goes_on))
    return terms


def occurrences(needle: str) -> re.Pattern[str]:
    """Return the pattern of a needle's occurrences in a folded text; a word of an alphabet begins at its beginning."""
    letter = rf"[^\W_{DENSE}]"
    before = rf"(?<!{letter})" if re.match(letter, needle) else ""
    after = rf"(?!{letter})" if re.fullmatch(letter, needle) else ""
    return re.compile(before + re.escape(needle) + after)
