"""Splitting a long JSON text: however it is cut into pieces, each conversation comes as its own bytes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.readers.exports.elements import (
    MOST_VALUES,
    TooLarge,
    Truncated,
    parse_element,
    split_elements,
)

VALUES = [{"a": 'x\\"]}{[', "b": [1, [2], {"c": "é\n"}]}, {}, {"z": "\\"}, {"t": '\\\\"'}]
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def split(data: bytes, size: int = 7, **options: Any) -> list[Any]:
    return list(split_elements(pieces(data, size), **options))


@pytest.mark.parametrize("size", range(1, 40))
def test_the_cuts_do_not_matter(size: int) -> None:
    data = b"\xef\xbb\xbf" + json.dumps(VALUES).encode()
    assert [json.loads(one) for one in split(data, size)] == VALUES


@given(st.lists(st.dictionaries(st.text(max_size=3), JSON, max_size=3), max_size=4), st.integers(1, 30))
def test_any_array_of_objects_is_split(values: list[Any], size: int) -> None:
    assert [json.loads(one) for one in split(json.dumps(values, indent=1).encode(), size)] == values


def test_objects_may_stand_one_after_another() -> None:
    assert split(b'{"a": 1}\n{"b": [{}]}') == [b'{"a": 1}', b'{"b": [{}]}']
    assert split(b'[1, "{}", null, [{"in": "a list"}]]') == []
    assert split(b"]}") == split(b"") == []


@pytest.mark.parametrize("data", [b'[{"a": "b', b'[{"a": 1}, {"b"', b"[", b'{"a": "\\'])
def test_a_text_that_ends_too_early_is_told(data: bytes) -> None:
    found: list[Any] = []
    with pytest.raises(Truncated):
        found.extend(split_elements(pieces(data, 3)))
    assert found == ([b'{"a": 1}'] if b"}" in data else [])


@pytest.mark.parametrize("size", [1, 3, 50, 500])
def test_a_large_element_costs_only_itself(size: int) -> None:
    data = json.dumps([{"a": "x" * 100}, {"b": 1}]).encode()
    large, small = split(data, size, most_bytes=50)
    assert isinstance(large, TooLarge)
    assert small == b'{"b": 1}'


def test_a_deep_text_is_refused() -> None:
    with pytest.raises(ValueError, match="deep"):
        split(b"[" * 20_000, 1000)


def test_numbers_keep_their_digits_only_where_asked() -> None:
    text = b'{"a": 0.10, "b": 1e400}'
    assert str(parse_element(text, exact=True)["b"]) == "1e400"
    assert parse_element(b'{"a": 0.10}') == {"a": 0.1}


def test_lone_surrogates_are_replaced() -> None:
    assert parse_element(rb'{"a": "\ud83d", "b": "\ud83d\ude00"}') == {"a": "\ufffd", "b": "😀"}


@pytest.mark.parametrize(
    "text",
    [
        b"[1]",
        b'{"a": }',
        b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b'{"a": [' + b"0," * (MOST_VALUES + 1) + b"0]}",
    ],
    ids=["list", "broken", "deep", "very deep", "nan", "bytes", "many"],
)
def test_what_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any reason
        parse_element(text)
    with pytest.raises(ValueError):  # noqa: PT011
        parse_element(text, exact=True)


def test_commas_in_texts_are_no_values() -> None:
    assert len(parse_element(b'{"a": "' + b"," * (MOST_VALUES + 1) + b'"}')["a"]) == MOST_VALUES + 1
