"""Numbers of JSON keep the digits that they were written with."""

import copy
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.claude.content.blocks import with_finite_numbers
from chat.claude.encoding import exact_numbers
from chat.claude.encoding.exact_numbers import WrittenNumber, exact_json, read_json, write_json
from tests.claude.strategies import values

LITERALS = [
    *("0", "-0", "1", "-1", "1.0", "0.10", "-0.0", "0.1", "1e5", "1E5", "1e+5", "1e400", "-1e400", "1e-400"),
    *("9007199254740993", "1234567890123456789", "18446744073709551616", "9" * 400, "9" * 5000),
    *("0.1000000000000000055511151231257827", "123456789012345678901234567890.5", "1e16", "1e-5", "0.00001"),
]
numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
plain = {"ensure_ascii": False, "separators": (",", ":")}


@pytest.mark.parametrize("literal", LITERALS, ids=lambda literal: literal[:30])
def test_every_digit_is_kept(literal: str) -> None:
    text = f'{{"a":[{literal},{{"b":{literal}}}],"c":"{literal}"}}'
    assert write_json(read_json(text), **plain) == text
    assert write_json(read_json(text.encode("utf-16")), **plain) == text


@given(st.lists(numbers, max_size=4), st.text(max_size=8))
def test_any_number_is_kept(literals: list[str], key: str) -> None:
    text = f"{{{json.dumps(key, **plain)}:[{','.join(literals)}]}}"
    assert write_json(read_json(text), **plain) == text


def test_ordinary_numbers_are_ordinary() -> None:
    value = read_json("[1, 0.5, 18446744073709551616]")
    assert [type(number) for number in value] == [int, float, int]
    assert not exact_numbers.has_written_numbers(value)
    assert exact_numbers.has_written_numbers({"a": ({"b": read_json("0.10")},)})


def test_a_written_number_computes_like_its_float() -> None:
    number = read_json("0.10")
    assert (number + 1, number == 0.1, Decimal(str(number))) == (1.1, True, Decimal("0.10"))
    assert (repr(number), json.dumps(number)) == ("0.10", "0.1")
    for same in (copy.copy(number), copy.deepcopy(number)):
        assert (same.literal, float(same)) == ("0.10", 0.1)


@pytest.mark.parametrize(
    ("literal", "whole"), [("1e5", True), ("0.10", False), ("9" * 5000, True), ("1e400", False), ("-0", True)]
)
def test_a_whole_number_stays_whole(literal: str, whole: bool) -> None:
    number = WrittenNumber(literal)
    assert number.is_integer() is whole


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity", "{", "", "1 2"])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_json(text)


def test_another_encoder_writes_marked_numbers() -> None:
    value = {"a": read_json("0.10"), "b": ["number-1:2", read_json("1e400")], "c": 1}
    encoded = json.dumps(exact_numbers.marked(value))
    assert json.loads(encoded)["c"] == 1
    assert exact_numbers.unmarked(encoded) == '{"a": 0.10, "b": ["number-1:2", 1e400], "c": 1}'


@pytest.mark.parametrize("literal", LITERALS, ids=lambda literal: literal[:30])
@pytest.mark.parametrize("indent", [None, 1])
def test_another_decoder_reads_marked_numbers(literal: str, indent: int | None) -> None:
    value = {"a": ["NUMBER", {literal: "NUMBER"}], 'b "\\\\"': f' \\" {literal}', "c": "NUMBER"}
    text = json.dumps(value, indent=indent).replace('"NUMBER"', literal)
    decoded = json.loads(exact_numbers.mark_text(text.encode()))
    assert exact_json(exact_numbers.restored(decoded)) == exact_json(read_json(text))


@given(values)
def test_marking_changes_no_other_value(value: Any) -> None:
    text = write_json(value)
    decoded = json.loads(exact_numbers.mark_text(text.encode()))
    assert write_json(exact_numbers.restored(decoded)) == text


@pytest.mark.parametrize(
    "text", [b"01", b"-", b"1.", b"1e", b"--1", b"1.2.3", b'"1.10', b'"\\"1.10\\"', b"\xff 0.5", b"[1,", b""]
)
def test_what_is_no_json_is_not_marked(text: bytes) -> None:
    assert exact_numbers.mark_text(text) == text


@pytest.mark.parametrize("literal", ["1e400", "-1e400", "9" * 400])
def test_a_request_has_no_number_that_floats_lack(literal: str) -> None:
    text = {"type": "text", "text": "x"}
    given = read_json(f'{{"a": [{literal}, 0.10]}}')
    call: dict[str, Any] = {"type": "tool_use", "id": "t", "name": "n", "input": given}
    sent = with_finite_numbers([text, call])
    assert json.loads(json.dumps(sent, allow_nan=False))[1]["input"] == {"a": [literal, 0.1]}
    assert with_finite_numbers([text]) == [text]
    found = {"type": "novelty", "data": read_json(f"[{literal}]")}
    assert with_finite_numbers([found]) == [{"type": "novelty", "data": [literal]}]
    assert exact_numbers.has_infinite_numbers(("x", {"a": [float("inf")]}))
    assert not exact_numbers.has_infinite_numbers([10**300, True, 0.10, None])


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"z": 1, "a": [None, True, 0.5]}, '{"z":1,"a":[null,true,0.5]}'),
        ("é漢\x00", '"é漢\\u0000"'),
        ("\ud800 \ud83d\ude00", '"\ufffd 😀"'),
    ],
)
def test_exact_json(value: Any, written: str) -> None:
    assert exact_json(value) == written


@given(values)
def test_exact_json_round_trips(value: Any) -> None:
    written = exact_json(value)
    assert exact_json(json.loads(written)) == written
    assert json.loads(written.encode()) == value


def test_exact_json_refuses_values_outside_json() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for value in (float("nan"), float("inf"), 10**5000, deep):
        with pytest.raises(ValueError, match=r"JSON|integer|digits"):
            exact_json(value)
