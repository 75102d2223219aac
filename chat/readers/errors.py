"""How reading fails: refused for a reason that people get words for, or ended because it took too much."""

from typing import Any


class Refused(Exception):
    """What was read may not be used; `code` says why, `numbers` what the words for it need."""

    def __init__(self, code: str, **numbers: Any) -> None:
        super().__init__(code)
        self.code, self.numbers = code, numbers


class Exceeded(Exception):
    """Reading took longer, or more memory, than it may."""
