"""Folding: what a reader takes for the same is the same, and each character knows where it comes from."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.search_text.fold import fold, fold_with_places

PAIRS = [
    ("STRASSE", "Straße"),
    ("cafe", "Café"),
    ("istanbul", "İstanbul"),
    ("서울", unicodedata.normalize("NFD", "서울")),
    ("ガイド", "ｶﾞｲﾄﾞ"),
    ("abc 123", "ＡＢＣ　１２３"),
    ("don't", "don’t"),
    ('a "b"', "a “b”"),
    ("1-2", "1–2"),
    ("cooperate", "co\u00adoperate"),
    ("ab", "a\u200bb"),
    ("a b", "a \n\t b"),
    ("привет", "ПРИВЕТ"),
    ("ὀδυσσευς", "ὈΔΥΣΣΕΎΣ"),
    ("ab", "a\x00b"),
    ("é b", "é\x00 b"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_texts_that_look_alike_are_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("かな", "カナ"), ("か", "が"), ("हिन्दी", "हन्द"), ("서울", "서을")]
)
def test_different_letters_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_places_rise_within_the_text(text: str) -> None:
    folded, places = fold_with_places(text)
    assert len(places) == len(folded) + 1
    assert places == sorted(places)
    assert places[-1] == len(text)


@pytest.mark.parametrize(
    "text",
    ["Straße nach Café 서울", unicodedata.normalize("NFD", "서울시청 ガイド"), "ﾊﾝｸﾞﾙ ㄱㅏ", "가\u11a8"],
)
def test_places_lead_to_the_same_text(text: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    assert fold(text[places[0] : places[-1]]) == folded
