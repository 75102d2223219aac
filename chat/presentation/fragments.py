"""Parts of pages that are the same whenever they are shown with the same values, kept once they are rendered.

A finished answer is shown again each time its conversation is opened, and the rows of the list on every page; rendering
them is a third of a page's time.
"""

import functools
from typing import Any
from uuid import UUID

import orjson
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from chat.claude.encoding.exact_numbers import read_json, write_json

# At most some 25 MB: a row with its values takes 2 kB, the longest answers 25 kB, usual ones 5 kB.
KEPT = 1000
LONGEST = 6000  # bytes of the values
# Objects of these kinds are no plain values, though orjson could write them.
_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def fragment(template: str, values: dict[str, Any]) -> SafeString:
    """Return a template rendered with these values, in the active language.

    The template must depend on nothing else, and sees the values as JSON holds them: ids are texts.

    Raises:
        TypeError: a value is no plain one, such as a row of the database, which may change without its id.
    """
    written = _written(values)
    if len(written) > LONGEST:
        return _rendered(template, written)
    return _kept(template, written, get_language(), get_script_prefix())


@functools.lru_cache(maxsize=KEPT)
def _kept(template: str, written: bytes, _language: str | None, _prefix: str) -> SafeString:
    return _rendered(template, written)


def _rendered(template: str, written: bytes) -> SafeString:
    return render_to_string(template, read_json(written))


def _written(values: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(values, default=_plain, option=_STRICT)
    except orjson.JSONEncodeError:  # lone surrogates, and numbers that only `write_json` writes exactly
        return write_json(values, default=_plain).encode()


def _plain(value: Any) -> str:
    if isinstance(value, UUID | Promise):
        return str(value)
    raise TypeError(f"a fragment can't be kept by a {type(value).__name__}")
