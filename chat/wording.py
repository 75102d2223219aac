"""The words that people read for codes: failures and the ends of answers. The one place that has them.

Every sentence says what happened and what helps. Codes are those of `claude.failures.FailureKind`, of
`operations.errors` and of a turn's end; an unknown code still gets a sentence.
"""

import dataclasses

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

FAILURES = {
    "rate_limited": gettext_lazy(
        "The model is taking no more requests for the moment. Wait a little, then retry."
    ),
    "overloaded": gettext_lazy(
        "The model is overloaded right now. Try again in a moment, or choose another model."
    ),
    "unavailable": gettext_lazy("The model’s service has a problem of its own. Try again in a moment."),
    "timeout": gettext_lazy("The model took too long to answer. Try again."),
    "connection": gettext_lazy("The connection to the model was lost. Try again."),
    "authentication": gettext_lazy(
        "The model’s service rejected Parley’s credentials. An administrator has to renew them."
    ),
    "permission": gettext_lazy(
        "Parley’s credentials don’t allow this model. Choose another one, or ask an administrator."
    ),
    "billing": gettext_lazy(
        "The account at the model’s provider has a billing problem. An administrator has to solve it."
    ),
    "spend_limit": gettext_lazy(
        "The spending limit at the model’s provider is reached. Ask an administrator."
    ),
    "not_found": gettext_lazy("The model’s service doesn’t know this model. Choose another one."),
    "invalid_request": gettext_lazy(
        "The model’s service didn’t accept this conversation. Retry, or begin a new one."
    ),
    "too_large": gettext_lazy(
        "This conversation is too large to be sent. Begin a new one, or send less at once."
    ),
    "context_full": gettext_lazy(
        "This conversation is longer than the model can read. Summarise what came before and retry, begin a new one, "
        "or choose a model with a larger context."
    ),
    "protocol": gettext_lazy("The model’s service answered with something unreadable. Try again."),
    "truncated": gettext_lazy("The answer broke off before its end."),
    "cancelled": gettext_lazy("The request was cancelled."),
    "restarted": gettext_lazy("Parley was restarted while this answer was being written."),
    "turn_limit": gettext_lazy("This answer took longer than is allowed here."),
    "internal": gettext_lazy("Something unexpected went wrong here. Try again."),
    "refused": gettext_lazy("The model declined to answer."),
    "empty": gettext_lazy("Write something first."),
    "too_long": gettext_lazy("The message is too long. Shorten it, or send it in parts."),
    "busy": gettext_lazy(
        "An answer is still being written in this conversation. Stop it, or wait for its end."
    ),
    "no_model": gettext_lazy("No model is available. Choose another one, or ask an administrator."),
    "connection_unusable": gettext_lazy(
        "This model’s connection isn’t ready to use. Choose another model, or ask an administrator."
    ),
    "invalid_output": gettext_lazy(
        "The answer doesn’t have the shape that was asked for. Retry, or ask for something simpler."
    ),
    "output_truncated": gettext_lazy(
        "The answer was cut before its shape was complete. Ask for less, or allow longer answers."
    ),
    "forbidden": gettext_lazy("Your account isn’t allowed to do this."),
}
UNKNOWN_FAILURE = gettext_lazy("Something unexpected went wrong. Try again.")


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """What stands below an answer that did not simply end. `tone` is quiet, warning or error."""

    tone: str
    text: str
    advice: str = ""


def failure_text(code: str, detail: str = "") -> str:
    """Say in the active language what a code means.

    `detail` speaks for codes whose reason only the moment knew: a validation's sentence, a connection's problem.
    """
    if code in ("invalid", "connection_unusable") and detail:
        return detail
    return str(FAILURES.get(code, UNKNOWN_FAILURE))


def ending(status: str, stop_reason: str = "", error_code: str = "", detail: str = "") -> Ending | None:
    """Say how a turn ended and what can be done now; None when it ended as it should."""
    match status, stop_reason:
        case "stopped", _any:
            return Ending("quiet", _("You stopped this answer."))
        case "interrupted", _any:
            return Ending("warning", failure_text(error_code or "truncated"), _("What had arrived is kept."))
        case "failed", _any:
            return Ending("error", failure_text(error_code, detail))
        case ("refused", _any) | (_any, "refusal"):
            return Ending(
                "warning", failure_text("refused"), _("Rephrase your message, or choose another model.")
            )
        case "completed", "max_tokens":
            return Ending("quiet", _("The answer reached its length limit."), _("Continue to get the rest."))
        case "completed", "model_context_window_exceeded":
            return Ending(
                "warning",
                _("The conversation has filled the model’s context."),
                _(
                    "Summarise what came before and retry, begin a new conversation, or choose a model with a larger "
                    "context."
                ),
            )
        case "completed", "tool_use":
            return Ending("warning", _("The model asked for a tool that isn’t offered here."))
    return None
