"""Folding: texts that a reader takes for the same become equal, whatever their case, accents, width or composition.

The steps are Unicode's: compatibility decomposition, case folding, composition (UAX #15, section 3.13 of the standard).
Marks of Latin, Greek and Cyrillic letters are dropped; those of Kana, Thai or Devanagari make other letters and stay.
"""

import functools
import re
import unicodedata

from chat.search_text.scripts import MARKS

_DROPPED = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\x00\ud800-\udfff]")
_SPACE = re.compile(r"\s+")
# Models write typographic signs where people type others.
_PLAIN_SIGNS = str.maketrans("‘’ʼ′“”„‐‑‒–—−", "'" * 4 + '"' * 3 + "-" * 6)
# Characters that are folded together: syllables of single letters, white space, a character with what follows it.
_CLUSTER = re.compile(
    r"[\u1100-\u115f\ua960-\ua97c]+[\u1160-\u11a7\ud7b0-\ud7c6]*[\u11a8-\u11ff\ud7cb-\ud7fb]*|"
    r"[\u3131-\u318e\uffa1-\uffdc]+|\s+|"
    rf".[\u1161-\u1175\u11a8-\u11c2\u0300-\u036f\u3099\u309a\uff9e\uff9f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\u00ad\ufeff{MARKS}]*",
    re.DOTALL,
)


def fold(text: str) -> str:
    """Return the text as search compares it; each run of white space is one space."""
    if not text.isascii():
        letters = _DROPPED.sub("", unicodedata.normalize("NFKD", text).translate(_PLAIN_SIGNS)).casefold()
        # Case folding may bring marks of its own.
        text = unicodedata.normalize("NFC", _DROPPED.sub("", unicodedata.normalize("NFKD", letters)))
    else:
        text = text.replace("\x00", "").lower()
    return _SPACE.sub(" ", text)


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """Return the folded text, and for each of its characters the index in `text` where it comes from.

    The list has one index more: the length of `text`.
    """
    parts: list[str] = []
    places: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        folded = _fold_cluster(cluster[0])
        parts.append(folded)
        places += [cluster.start()] * len(folded)
    return "".join(parts), [*places, len(text)]


@functools.lru_cache(maxsize=8192)
def _fold_cluster(cluster: str) -> str:
    return fold(cluster)
