"""The JSON that clients send: how long it may be, and reading it so that a small text can't cause much work."""

from typing import Any

import orjson

from chat.claude.encoding.exact_numbers import has_infinite_numbers, read_json
from chat.claude.encoding.text import encodable_json, too_deep

LONGEST_TEXT = 1_000_000
"""The longest text of a message, in characters (code points)."""
LONGEST_BYTES = 12 * LONGEST_TEXT + 65_536
"""The longest JSON of a message: an escaped character takes up to 12 bytes, and there are other members."""
_UNCHECKED_BYTES = 1_048_576
_MOST_VALUES = 200_000


def read_client_json(data: bytes) -> Any:
    """Return the value of a JSON text; lone surrogates are replaced by U+FFFD.

    The member `input` of an object, a tool's input, keeps every digit of its numbers. orjson reads the rest: it refuses
    NaN, numbers beyond a double, bad UTF-8 and nesting beyond 1,024 levels.

    Raises:
        ValueError: it is not valid JSON, or has more values than any message needs.
    """
    if len(data) > _UNCHECKED_BYTES:
        _check_value_count(data)
    if b'"input"' not in data:
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            if b"\\u" not in data:
                raise
    # orjson also refuses lone surrogates, wherever they are.
    return _read_exactly(data.decode())


def _read_exactly(text: str) -> Any:
    try:
        value = read_json(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if too_deep(value):
        raise ValueError("nested too deep")
    others = value
    if isinstance(value, dict):
        others = [member for name, member in value.items() if name != "input"]
    if has_infinite_numbers(others):
        raise ValueError("a number is out of range")
    return encodable_json(value)


def _check_value_count(data: bytes) -> None:
    """Refuse JSON of very many small values: each takes a hundred times the memory of its text.

    The separators outside texts are counted. A long text is read twice for this, at the speed of a copy.
    """
    plain = data.replace(rb"\\", b"").replace(rb"\"", b"")
    if plain.count(b'"') <= 2 * _MOST_VALUES:
        outside = plain.split(b'"')[::2]
        if sum(part.count(mark) for part in outside for mark in (b",", b"[", b"{")) <= _MOST_VALUES:
            return
    raise ValueError("too many values")
