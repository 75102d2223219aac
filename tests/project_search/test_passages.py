"""Texts in passages: all of the text, in pieces of similar length, cut where a reader would cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.project_search.passages import LENGTH, passages


def parts(text: str) -> list[str]:
    return [text[start:end] for start, end in passages(text)]


@given(st.lists(st.sampled_from(["a", "bc. ", "\n\n", " ", "한국어。", "x" * 700]), max_size=60).map("".join))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    found = parts(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < len(part) <= LENGTH and part == part.strip() for part in found)


@pytest.mark.parametrize("gap", ["\n\n", ". ", "\n", " "])
def test_a_cut_is_at_the_last_good_place(gap: str) -> None:
    first = "a" * (LENGTH - 100)
    assert parts(first + gap + "b" * 300)[0] == (first + gap).strip()


def test_a_text_without_any_good_place_is_cut_all_the_same() -> None:
    assert [len(part) for part in parts("가" * (2 * LENGTH + 1))] == [LENGTH, LENGTH, 1]


def test_blank_texts_have_no_passages() -> None:
    assert parts(" \n" * 2_000) == []
