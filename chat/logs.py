"""Logs carry identifiers and places in the code, and never what people wrote.

An exception's own message may quote a row, a request or a key (a database error shows the values that it refused),
so that a traceback is written with types, files and lines alone.
"""

import traceback
from collections.abc import Iterator
from types import TracebackType

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def exception_without_values(exc_info: ExcInfo) -> str:
    """Render an exception and those that led to it, oldest first, without their messages."""
    return "\n".join(_one(error) for error in reversed(list(_chain(exc_info[1]))))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _one(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}"
    lines = "".join(traceback.format_tb(error.__traceback__)) + name
    if isinstance(error, BaseExceptionGroup):
        lines += "".join("\n  | " + _one(inner).replace("\n", "\n  | ") for inner in error.exceptions)
    return lines
