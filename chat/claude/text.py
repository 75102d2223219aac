"""Normalising text at the door, so that no text can fail to be saved or sent.

PostgreSQL refuses NUL in text, UTF-8 cannot carry lone surrogates, and JSON nested too deep overflows the
parsers' stacks. Every other character passes through as it came.
"""

import re
from typing import Any

MAX_DEPTH = 200
"""Levels of lists and objects that stored JSON may have; orjson writes no more than 254."""

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONE = re.compile("[\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Replace NUL and lone surrogates by U+FFFD, one for one; a surrogate pair becomes its character."""
    if "\x00" not in text and _encodable(text):
        return text
    return _UNSTORABLE.sub("\ufffd", _PAIR.sub(_join_pair, text))


def encodable_text(text: str) -> str:
    """Replace lone surrogates only: the text of a model stays exact as far as UTF-8 can carry it."""
    return text if _encodable(text) else _LONE.sub("\ufffd", _PAIR.sub(_join_pair, text))


def clean_json(value: Any) -> Any:
    """Clean every string of a JSON value, object keys included, and return the result as a new value.

    Raises:
        ValueError: the value is nested deeper than `MAX_DEPTH`.
    """
    if too_deep(value):
        raise ValueError(f"JSON is nested deeper than {MAX_DEPTH} levels")
    return _mapped(value, clean_text)


def encodable_json(value: Any) -> Any:
    """Make every string of a JSON value encodable as UTF-8; `value` must not be deeper than `MAX_DEPTH`."""
    return _mapped(value, encodable_text)


def too_deep(value: Any, limit: int = MAX_DEPTH) -> bool:
    """Say whether lists and objects are nested more than `limit` levels, without recursion."""
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
