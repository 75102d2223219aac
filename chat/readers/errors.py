"""The ways in which reading fails: the input is refused, its limits were exceeded, or there was no place for it."""

from typing import Any


class Refused(Exception):
    """The input may not be used; `code` is the reason and `numbers` the values for its message."""

    def __init__(self, code: str, **numbers: Any) -> None:
        super().__init__(code)
        self.code, self.numbers = code, numbers


class Exceeded(Exception):
    """Reading took more time or memory than allowed."""


class Busy(Exception):
    """No place to read a file became free in time."""
