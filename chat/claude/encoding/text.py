"""Normalises text on input, so that every text can be saved and sent.

PostgreSQL refuses NUL in text, UTF-8 can't encode lone surrogates, and deeply nested JSON overflows the
stacks of parsers. All other characters are kept.
"""

import re
from typing import Any

MAX_DEPTH = 200
"""Maximum nesting of lists and objects in stored JSON. orjson writes at most 254 levels."""

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONE = re.compile("[\ud800-\udfff]")
_HIGH, _LOW = re.compile("[\ud800-\udbff]"), re.compile("[\udc00-\udfff]")


def clean_text(text: str) -> str:
    """Return the text with NUL and lone surrogates replaced by U+FFFD; a surrogate pair becomes its character."""
    # Almost all text is clean: avoid two substitutions and a copy.
    if "\x00" not in text and _encodable(text):
        return text
    return _UNSTORABLE.sub("\ufffd", _PAIR.sub(_join_pair, text))


def encodable_text(text: str) -> str:
    """Return the text with lone surrogates replaced. A model's text stays exact otherwise."""
    return text if _encodable(text) else _LONE.sub("\ufffd", _PAIR.sub(_join_pair, text))


class BrokenText(str):
    """A piece of text with half of a surrogate pair at an edge; the piece beside it may have the other half."""

    __slots__ = ()


def joinable_text(text: str) -> str:
    """Return the text as `encodable_text` does, but keep half of a pair at an edge: then it is a `BrokenText`."""
    joined = _PAIR.sub(_join_pair, text)
    start = 1 if _LOW.match(joined) else 0
    middle, last = split_half(joined[start:])
    return BrokenText(joined[:start] + middle + last) if start or last else middle


def split_half(text: str) -> tuple[str, str]:
    """Return the text up to half of a pair at its end, encodable, and that half ("" if there is none)."""
    end = len(text) - 1 if _HIGH.match(text[-1:]) else len(text)
    return encodable_text(text[:end]), text[end:]


def clean_json(value: Any) -> Any:
    """Return a copy of a JSON value with every string cleaned, object keys included.

    Raises:
        ValueError: the value is nested deeper than `MAX_DEPTH`.
    """
    if too_deep(value):
        raise ValueError(f"JSON is nested deeper than {MAX_DEPTH} levels")
    return _mapped(value, clean_text)


def encodable_json(value: Any) -> Any:
    """Return a copy of a JSON value with every string encodable as UTF-8.

    `value` must not be nested deeper than `MAX_DEPTH`.
    """
    return _mapped(value, encodable_text)


def too_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Return whether lists and objects are nested more than `limit` levels. No recursion is used."""
    level = [value]
    for _ in range(limit + 1):
        level = [child for node in level if isinstance(node, dict | list) for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: dict[str, Any] | list[Any]) -> Any:
    return node.values() if isinstance(node, dict) else node


def _mapped(value: Any, clean: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_mapped(key, clean): _mapped(item, clean) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(item, clean) for item in value]
    return value


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _join_pair(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
