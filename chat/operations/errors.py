"""The one error that operations raise: a code for programs, a sentence for people."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _


class OperationError(Exception):
    """Refused, with nothing changed. `code` is stable, `message` translated, `status` the fitting HTTP status.

    `detail` is what a turn keeps of it: `wording.failure_text` makes a sentence of it, in any language later.
    `retry_after_seconds` is when the same request can succeed, if that is known. `fields` are further fields of the
    error as a socket's client gets it.
    """

    fields: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self, code: str, message: str, *, status: int = 400, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status
        self.retry_after_seconds = retry_after_seconds
        self.detail = message


def not_found() -> OperationError:
    """Return the error for a missing row; a row of another person gets the same one."""
    return OperationError("not_found", _("This does not exist, or you don’t have access to it."), status=404)


def invalid(message: str) -> OperationError:
    return OperationError("invalid", message, status=422)


def busy() -> OperationError:
    """Return the error for a file that found no place to be read in time; asking again soon helps."""
    return OperationError(
        "busy",
        _("Other files are still being read. Try again in a moment."),
        status=503,
        retry_after_seconds=2,
    )
