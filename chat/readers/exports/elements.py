"""Splits a long JSON text into its conversations without holding the whole text in memory.

An export is an array of 100 MB and more. Here each element is cut out as the bytes that it was written as, so that the
memory needed is that of one conversation, a broken or oversized one costs only itself, and numbers keep their digits.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from chat.claude.encoding.exact_numbers import read_json
from chat.claude.encoding.text import encodable_json, too_deep

# A conversation with more bytes than this is left out; a person's longest ones have a few.
MOST_BYTES = 24_000_000
# Each value takes a hundred bytes in memory, however short its text is.
MOST_VALUES = 600_000
_UTF8_MARK = b"\xef\xbb\xbf"
# All up to the next bracket: whole texts, and what stands between them.
_PLAIN = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_REST_OF_TEXT = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_DEEPEST = 10_000


class Truncated(ValueError):
    """The text ends within a value."""


class TooLarge:
    """Stands for an element that was left out for its size."""


def split_elements(chunks: Iterable[bytes], *, most_bytes: int = MOST_BYTES) -> Iterator[bytes | TooLarge]:
    """Yield the objects of an array, or the objects that stand one after another, each as its own bytes.

    Raises:
        Truncated: the text ends within an array or an object, after all that came before.
        ValueError: it is nested too deep.
    """
    splitter = _Splitter(most_bytes)
    for chunk in chunks:
        yield from splitter.feed(chunk)
    if splitter.is_open:
        raise Truncated


class _Splitter:
    """Follows brackets and texts through the chunks. Elements are the objects at depth 0, or at depth 1 of arrays."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._stack = bytearray()
        self._in_text, self._carry = False, b""
        self._parts: list[bytes] | None = None
        self._size = 0
        self._first = True

    @property
    def is_open(self) -> bool:
        return bool(self._stack) or self._in_text

    def feed(self, chunk: bytes) -> Iterator[bytes | TooLarge]:
        data, self._carry = self._carry + chunk, b""
        if self._first and data:
            data, self._first = data.removeprefix(_UTF8_MARK), False
        at, since = 0, 0
        while at < len(data):
            at = self._skip(data, at)
            if self._in_text or at >= len(data):
                break
            mark = data[at : at + 1]
            if mark == b'"':  # a text that the next chunk goes on with
                self._in_text, at = True, at + 1
                continue
            if mark in (b"[", b"{"):
                if self._parts is None and mark == b"{" and bytes(self._stack) in (b"", b"["):
                    self._parts, self._size, since = [], 0, at
                    self._level = len(self._stack)
                self._stack += mark
                at += 1
                if len(self._stack) > _DEEPEST:
                    raise ValueError("nested too deep")
                continue
            at += 1
            if self._stack:
                self._stack.pop()
            if self._parts is not None and len(self._stack) == self._level:
                self._keep(data[since:at])
                yield self._taken()
        end = len(data) - len(self._carry)
        if self._parts is not None:
            self._keep(data[since:end])

    def _skip(self, data: bytes, at: int) -> int:
        """Return the next position with a bracket or an open text. A backslash at the end waits for what follows it."""
        if self._in_text:
            at = _end(_REST_OF_TEXT, data, at)
            if at < len(data) and data[at : at + 1] == b'"':
                self._in_text = False
                at += 1
            else:
                self._carry = data[at:]
                return at
        return _end(_PLAIN, data, at)

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._parts is not None and self._size <= self._most:
            self._parts.append(part)
        else:
            self._parts = []  # nothing of it is kept

    def _taken(self) -> bytes | TooLarge:
        parts, self._parts = self._parts or [], None
        return b"".join(parts) if self._size <= self._most else TooLarge()


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    found = pattern.match(data, at)
    return found.end() if found else at


def parse_element(element: bytes, *, exact: bool = False) -> dict[str, Any]:
    """Return the object; with `exact` its numbers keep all digits.

    Raises:
        ValueError: it is not JSON, too deep, or has too many values.
    """
    if element.count(b",") + element.count(b"[") + element.count(b"{") > MOST_VALUES:
        _check_values(element)
    try:
        value = read_json(element) if exact else orjson.loads(element)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates and numbers beyond 64 bits, which exports have.
        value = _read_leniently(element)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if not isinstance(value, dict) or too_deep(value):
        raise ValueError("not an object, or nested too deep")
    cleaned: dict[str, Any] = encodable_json(value)
    return cleaned


def _read_leniently(element: bytes) -> Any:
    try:
        return read_json(element)
    except (RecursionError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None


def _check_values(element: bytes) -> None:
    outside = re.sub(rb'"(?:[^"\\]++|\\.)*+"', b"", element)
    if sum(outside.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise ValueError("too many values")
