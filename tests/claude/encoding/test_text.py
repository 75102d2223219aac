from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.encoding.text import (
    MAX_DEPTH,
    BrokenText,
    clean_json,
    clean_text,
    encodable_text,
    joinable_text,
    split_half,
    too_deep,
)
from tests.claude.strategies import values

anything = st.text(st.characters(codec=None, categories=["L", "Cs", "Cc", "So"]))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("é 漢 😀", "é 漢 😀"),
        ("a\x00b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\ud83d\ude00!", "😀!"),
        ("\ud83d\x00\ude00", "\ufffd\ufffd\ufffd"),
    ],
)
def test_clean_text(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@given(anything)
def test_cleaned_text_can_be_stored(text: str) -> None:
    cleaned = clean_text(text)
    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned == clean_text(cleaned)


@given(anything)
def test_encodable_text_keeps_nul(text: str) -> None:
    result = encodable_text(text)
    assert result.encode().decode() == result
    assert result.count("\x00") == text.count("\x00")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain", "plain"),
        ("\ud83d\ude00", "😀"),
        ("a\ud83db", "a\ufffdb"),
        ("a\ud83d", "a\ud83d"),
        ("\ude00a", "\ude00a"),
        ("\ude00", "\ude00"),
        ("\ude00\ud83d\ud83d", "\ude00\ufffd\ud83d"),
        ("\ude00\ud83d\ude00\ud83d", "\ude00😀\ud83d"),
    ],
)
def test_halves_at_the_edges_are_kept(text: str, kept: str) -> None:
    joinable = joinable_text(text)
    assert joinable == kept
    assert isinstance(joinable, BrokenText) == (encodable_text(kept) != kept)


def test_split_half() -> None:
    assert split_half("") == ("", "")
    assert split_half("a😀") == ("a😀", "")
    assert split_half("\ude00a\ud83d") == ("\ufffda", "\ud83d")


def test_clean_json_is_deep_and_leaves_the_rest() -> None:
    value = {"\x00k": ["\ud800", {"n": 1, "t": True, "z": None, "f": 0.5}, ("x\x00",)]}
    assert clean_json(value) == {"\ufffdk": ["\ufffd", {"n": 1, "t": True, "z": None, "f": 0.5}, ["x\ufffd"]]}


@given(values)
def test_clean_json_keeps_clean_values(value: Any) -> None:
    assert clean_json(clean_json(value)) == clean_json(value)


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


def test_depth() -> None:
    assert not too_deep(1, 0)
    assert not too_deep(nested(3), 3)
    assert too_deep(nested(4), 3)
    assert too_deep(nested(100_000))
    assert clean_json(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    with pytest.raises(ValueError, match="deeper than 200"):
        clean_json(nested(MAX_DEPTH + 1))
