"""The one error that operations raise: a code for programs, a sentence for people."""

from django.utils.translation import gettext as _


class OperationError(Exception):
    """Refused, with nothing changed. `code` is stable, `message` translated, `status` the fitting HTTP status.

    `detail` is what a turn keeps of it: `wording.failure_text` makes a sentence of it, in any language later.
    """

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status
        self.detail = message


def not_found() -> OperationError:
    """Return the error for a missing row; a row of another person gets the same one."""
    return OperationError("not_found", _("This does not exist, or you don’t have access to it."), status=404)


def invalid(message: str) -> OperationError:
    return OperationError("invalid", message, status=422)
