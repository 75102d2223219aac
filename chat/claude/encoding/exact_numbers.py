"""JSON whose numbers keep the digits that they were written with.

A float can't hold every number of JSON: 0.10 would become 0.1, 1e400 infinity, and -0 the integer 0. Python's own
integers are exact, but orjson writes only those of 64 bits and reads longer ones as floats.
"""

import json
import math
import re
import secrets
import sys
from collections.abc import Callable, Iterator
from typing import Any

from chat.claude.encoding.text import encodable_text

# Longer integers are slow to convert, and Python refuses to print them.
MAX_INTEGER_DIGITS = 4000
# Stands before the digits of a number that is passed through another encoder as text. It is random, so that no text
# from outside contains it.
_MARK = f"number-{secrets.token_hex(8)}:"
_MARKED = re.compile(rf'"{_MARK}([-+.0-9eE]+)"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?")
# A text, also one without an end, or what may be a number.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[-0-9][-+.0-9eE]*+', re.DOTALL)


class WrittenNumber(float):
    """A number that a float or an integer would write differently; `literal` has its digits as they came.

    It is a float for everything that computes. `write_json` writes the literal, other encoders the float.
    """

    literal: str

    def __new__(cls, literal: str) -> "WrittenNumber":
        made = super().__new__(cls, literal)
        made.literal = literal
        return made

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]
        return (self.literal,)

    def __repr__(self) -> str:
        return self.literal

    __str__ = __repr__

    def is_integer(self) -> bool:
        """Return whether it is a whole number, which an integer that is too long for a float is too."""
        return self.literal.lstrip("-").isdigit() or super().is_integer()


def _read_float(literal: str) -> float:
    number = float(literal)
    # Encoders agree on the floats that need no exponent.
    return number if repr(number) == literal and "e" not in literal else WrittenNumber(literal)


def _read_integer(literal: str) -> float:
    if literal == "-0" or len(literal) > MAX_INTEGER_DIGITS:
        return WrittenNumber(literal)
    return int(literal)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


class ExactDecoder(json.JSONDecoder):
    """Decodes JSON with every digit; NaN and Infinity are refused."""

    def __init__(self) -> None:
        super().__init__(parse_float=_read_float, parse_int=_read_integer, parse_constant=_refuse)


_DECODER = ExactDecoder()


def read_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; numbers that Python would write differently are `WrittenNumber`s.

    Bytes may be UTF-8, UTF-16 or UTF-32.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deep.
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    return _DECODER.decode(text)


def write_json(value: Any, **options: Any) -> str:
    """Return `json.dumps(value, **options)` with the digits of written numbers."""
    if not has_written_numbers(value):
        return json.dumps(value, **options)
    return unmarked(json.dumps(marked(value), **options))


def exact_json(value: Any) -> str:
    """Return compact JSON with keys in their order and without escapes for non-ASCII characters, encodable as UTF-8.

    Numbers have the digits that they were written with.

    Raises:
        ValueError: NaN, infinity, an integer that is too long, or nesting that is too deep.
    """
    try:
        text = write_json(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except RecursionError as error:
        raise ValueError("JSON is nested too deep") from error
    return encodable_text(text)


def indented_json(value: Any) -> str:
    """Return the value as JSON for people, two spaces a level."""
    return write_json(value, ensure_ascii=False, indent=2)


def has_written_numbers(value: Any) -> bool:
    """Return whether a JSON value has numbers whose digits only `write_json` writes."""
    return any(leaf.__class__ is WrittenNumber for leaf in _leaves(value))


def has_infinite_numbers(value: Any) -> bool:
    """Return whether a JSON value has numbers that no float holds."""
    return any(map(_is_infinite, _leaves(value)))


def _leaves(value: Any) -> Iterator[Any]:
    """Yield what is neither an object nor a list, at every depth. No recursion is used."""
    rest = [value]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            rest.extend(node.values())
        elif isinstance(node, list | tuple):
            rest.extend(node)
        else:
            yield node


def marked(value: Any) -> Any:
    """Return a copy for another JSON encoder: written numbers are texts that `unmarked` turns into their digits."""
    return _replaced(value, lambda node: _MARK + node.literal if isinstance(node, WrittenNumber) else node)


def unmarked(text: str) -> str:
    """Return JSON that was encoded from a `marked` value, with the digits of its written numbers."""
    return _MARKED.sub(r"\1", text)


def mark_text(text: bytes) -> bytes:
    """Return JSON for another decoder: numbers that it would change are texts, which `restored` turns into numbers.

    The JSON may be a part that begins and ends between two tokens. What is no JSON is left as it is.
    """
    return _TOKEN.sub(_marked_token, text)


def _marked_token(token: re.Match[bytes]) -> bytes:
    literal = token[0]
    if literal.startswith(b'"') or not _NUMBER.fullmatch(number := literal.decode()):
        return literal
    read = _read_integer if number.lstrip("-").isdigit() else _read_float
    return b'"%s%s"' % (_MARK.encode(), literal) if isinstance(read(number), WrittenNumber) else literal


def restored(value: Any) -> Any:
    """Return a copy of a value that was decoded from a `mark_text` JSON, with its numbers."""
    return _replaced(value, _restored_number)


def _restored_number(node: Any) -> Any:
    if isinstance(node, str) and node.startswith(_MARK) and _NUMBER.fullmatch(node, len(_MARK)):
        return WrittenNumber(node[len(_MARK) :])
    return node


def without_infinite_numbers(value: Any) -> Any:
    """Return a copy in which the digits of numbers that no float holds are texts."""
    return _replaced(value, lambda number: str(number) if _is_infinite(number) else number)


def _is_infinite(node: Any) -> bool:
    if isinstance(node, float):
        return not math.isfinite(node)
    return isinstance(node, int) and node.bit_length() >= sys.float_info.max_exp


def _replaced(value: Any, replace: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, replace) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(item, replace) for item in value]
    return replace(value)
