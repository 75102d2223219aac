"""The tokens of the index: words, and pairs of neighbouring characters where a script writes no spaces.

Pairs (bigrams) find words of two Korean syllables, which the trigrams of SQLite and PostgreSQL do not. Databases get
tokens that are made here, so that both find the same and no parser of theirs has a say.
"""

from collections.abc import Iterator

from chat.search_text.scripts import RUN

LONGEST_TOKEN = 64
"""Characters. A longer word is indexed by its beginning."""

MOST_BYTES = 900_000
"""PostgreSQL refuses a tsvector whose tokens take 1 MiB. Only a text of several hundred thousand characters that hardly
repeats a word reaches this; then the words at its end are not indexed."""


def index_tokens(folded: str) -> list[str]:
    """Return the distinct tokens of a folded text, in the order of their first occurrence."""
    room = MOST_BYTES
    kept: dict[str, None] = {}
    for token in _tokens(folded):
        if token not in kept:
            room -= len(token.encode())
            if room < 0:
                break
            kept[token] = None
    return list(kept)


def bigrams(run: str) -> list[str]:
    """Return the pairs of neighbouring characters; a single character stands alone."""
    return [run[at : at + 2] for at in range(max(1, len(run) - 1))]


def owner_token(identifier: object) -> str:
    """Return the token that all entries of one person have."""
    return f"owner{str(identifier).replace('-', '')}"


def _tokens(folded: str) -> Iterator[str]:
    for run in RUN.finditer(folded):
        if run.lastgroup == "dense":
            yield from bigrams(run[0])
        else:
            yield run[0][:LONGEST_TOKEN]
