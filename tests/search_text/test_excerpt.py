"""Excerpts: the words around a hit, and where the hits are."""

import unicodedata

import pytest

from chat.search_text.excerpt import AFTER, BEFORE, excerpt, mark_hits


def hits(text: str, *needles: str) -> list[str]:
    return [piece for piece, is_hit in mark_hits(text, needles).pieces() if is_hit]


@pytest.mark.parametrize(
    ("text", "needles", "found"),
    [
        ("My Garden, gardens", ["garden"], ["Garden", "garden"]),
        ("begarden Garden", ["garden"], ["Garden"]),
        ("서울시청 앞", ["시청"], ["시청"]),
        ("Straße am Café", ["strasse", "cafe"], ["Straße", "Café"]),
        ("plan b or bee", ["b"], ["b"]),
        ("aab aba", ["aa", "aab"], ["aab"]),
        ("in C++ and C", ["c++"], ["C++"]),
        ("nothing", ["else"], []),
    ],
)
def test_hits_are_found(text: str, needles: list[str], found: list[str]) -> None:
    assert hits(text, *needles) == found


def test_hits_in_decomposed_korean_end_with_their_syllable() -> None:
    text = unicodedata.normalize("NFD", "정원을 가꾸다")
    assert hits(text, "정원") == [unicodedata.normalize("NFD", "정원")]


def test_pieces_together_are_the_text() -> None:
    found = excerpt("one two three two", ["two"])
    assert "".join(piece for piece, _is_hit in found.pieces()) == found.text == "one two three two"


def test_excerpt_is_around_the_longest_needle() -> None:
    text = "on " * 100 + "**the gardener**\n\nsaid " + "so " * 200
    found = excerpt(text, ["on", "gardener"])
    assert "the gardener said so" in found.text
    assert (found.text[0], found.text[-1]) == ("…", "…")
    assert ("gardener", True) in found.pieces()
    assert len(found.text) <= BEFORE + AFTER + len("gardener") + 2


def test_excerpt_without_spaces_is_cut_anywhere() -> None:
    found = excerpt("가" * 500 + "정원" + "나" * 500, ["정원"])
    assert ("정원", True) in found.pieces()
    assert len(found.text) == BEFORE + AFTER + 4


def test_hit_is_found_where_folding_moves_it_far() -> None:
    found = excerpt("word " * 100 + "garden " + "ﷺ" * 100, ["garden"])
    assert ("garden", True) in found.pieces()


def test_excerpt_without_words_is_the_beginning() -> None:
    assert excerpt("word " * 100, []).text.startswith("word word")


def test_excerpt_without_a_hit_is_the_beginning() -> None:
    assert excerpt("# Title\n\ntext", ["else"]).text == "Title text"
    assert excerpt("a\n\n```python\nb\n```", ["else"]).text == "a b"


def test_hits_of_a_title_may_hold_signs_of_markdown() -> None:
    assert list(mark_hits("Why **핵심**은 `2**10`?", ["핵심은", "210"]).pieces()) == [
        ("Why **", False),
        ("핵심**은", True),
        (" `", False),
        ("2**10", True),
        ("`?", False),
    ]
