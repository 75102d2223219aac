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
        "This conversation is longer than the model can read. Begin a new one, or choose a model with a larger context."
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
    "decided": gettext_lazy("This was decided before, or nobody decided in time."),
    "forbidden": gettext_lazy("Your account isn’t allowed to do this."),
}
TOOL_STATUS = {
    "waiting": gettext_lazy("Needs your decision"),
    "ready": gettext_lazy("Allowed"),
    "running": gettext_lazy("Running…"),
    "done": gettext_lazy("Done"),
    "failed": gettext_lazy("Failed"),
    "denied": gettext_lazy("Denied"),
    "expired": gettext_lazy("Nobody decided in time"),
    "stopped": gettext_lazy("Not run"),
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


def ending(
    status: str, stop_reason: str = "", error_code: str = "", detail: str = "", fallback: str = ""
) -> Ending | None:
    """Say how a turn ended and what can be done now; None when it ended as it should.

    `fallback` is the name of the model that staff want asked after a refusal.
    """
    match status, stop_reason:
        case "stopped", _any:
            return Ending("quiet", _("You stopped this answer."))
        case "interrupted", _any:
            return Ending("warning", failure_text(error_code or "truncated"), _("What had arrived is kept."))
        case "failed", _any:
            return Ending("error", failure_text(error_code, detail))
        case ("refused", _any) | (_any, "refusal"):
            return Ending("warning", failure_text("refused"), _after_refusal(fallback))
        case "completed", reason:
            return _completed(reason)
    return None


def _after_refusal(fallback: str) -> str:
    if not fallback:
        return _("Rephrase your message, or choose another model.")
    return _("Rephrase your message, or ask %(model)s instead.") % {"model": fallback}


def _completed(stop_reason: str) -> Ending | None:
    match stop_reason:
        case "" | "end_turn":
            return None
        case "stop_sequence":
            return Ending("quiet", _("The answer ended at a word that was set as its end."))
        case "max_tokens":
            return Ending("quiet", _("The answer reached its length limit."), _("Continue to get the rest."))
        case "tool_use":
            return Ending(
                "warning",
                _("The model wanted to use more tools than one answer may."),
                _("Continue to let it go on."),
            )
        case "pause_turn":
            return Ending(
                "warning",
                _("The model searched for longer than one answer may."),
                _("Continue to let it go on."),
            )
        case "model_context_window_exceeded":
            return Ending(
                "warning",
                _("The conversation has filled the model’s context."),
                _("Begin a new conversation, or choose a model with a larger context."),
            )
        case "compaction":
            return Ending(
                "quiet",
                _("The model only summarized the conversation so far."),
                _("Write on to get an answer."),
            )
    return Ending(
        "warning",
        _("The model ended its answer for a reason that Parley doesn’t know: %(reason)s.")
        % {"reason": stop_reason},
    )


def notice_text(notice: dict[str, str]) -> str:
    """Say in the active language what a lasting notice of a turn tells: {"code", "from", "to", "reason"}."""
    names = {"before": notice.get("from", ""), "after": notice.get("to", "")}
    match notice.get("code"):
        case "failover":
            return _("%(before)s couldn’t answer, so %(after)s did.") % names
        case "fallback":
            return _("%(before)s declined to answer, so %(after)s was asked.") % names
    return ""
