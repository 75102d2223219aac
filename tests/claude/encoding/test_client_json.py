"""The JSON of clients is read within limits, and the input of a tool with every digit."""

import json
import tracemalloc

import pytest

from chat.claude.encoding.client_json import LONGEST_BYTES, LONGEST_TEXT, read_client_json

PARTS = {"lists": b"[],", "objects": b"{},", "texts": b'"",', "numbers": b"0,", "members": b'"a":[],'}


@pytest.mark.parametrize("character", ["가", "a\n", '"', "\\", "😀", "\x01", "\ud83d", ",", "[{"])
def test_the_longest_text_is_read_from_any_encoding(character: str) -> None:
    count = LONGEST_TEXT // len(character)
    written = [json.dumps(character)[1:-1], "".join(f"\\u{unit:04x}" for unit in _units(character))]
    if character != "\ud83d":
        written.append(json.dumps(character, ensure_ascii=False)[1:-1])
    for part in written:
        data = b'{"text":"%b"}' % (part.encode() * count)
        assert len(data) <= LONGEST_BYTES
        assert read_client_json(data) == {"text": character.replace("\ud83d", "\ufffd") * count}


def _units(text: str) -> list[int]:
    encoded = text.encode("utf-16-le", "surrogatepass")
    return [int.from_bytes(encoded[place : place + 2], "little") for place in range(0, len(encoded), 2)]


@pytest.mark.parametrize("part", PARTS.values(), ids=list(PARTS))
def test_many_small_values_are_refused_unread(part: bytes) -> None:
    data = b'{"x":[' + part * (LONGEST_BYTES // len(part) - 10) + b"0]}"
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="too many values"):
            read_client_json(data)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_lone_surrogates_are_replaced() -> None:
    assert read_client_json(rb'{"text":"a\ud83d \ud83d\ude00 \\ud83d"}') == {"text": "a\ufffd 😀 \\ud83d"}
    assert read_client_json(rb'{"text":"a\ud83d","input":{"a":"\udc00"}}') == {
        "text": "a\ufffd",
        "input": {"a": "\ufffd"},
    }


def test_inputs_keep_every_digit() -> None:
    value = read_client_json(b'{"decision":"edit","input":{"a":18446744073709551616,"b":[0.10,1e400]}}')
    assert repr(value["input"]) == "{'a': 18446744073709551616, 'b': [0.10, 1e400]}"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"a":NaN}',
        '{"a":1e400}',
        '{"input":{},"a":1e400}',
        '{"input":{},"a":{"b":[1e400]}}',
        '["input",1e400]',
        '{"input":NaN}',
        '{"input":' + "[" * 100_000,
        '{"input":' + "[" * 300 + "]" * 300 + "}",
        '{"text":"\\ud83d"',
        '{"input":{"a":"\udcff"}}',
    ],
    ids=lambda text: text[:30],
)
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_client_json(text.encode("utf-8", "surrogateescape"))
