"""The notes below answers that did not end normally: how a turn ended, and what can be done now."""

import dataclasses

from django.utils.translation import gettext as _

from chat.presentation.wording import DETAIL_CODES, failure_text


@dataclasses.dataclass(frozen=True, slots=True)
class Extent:
    """What a turn has left behind: any text, results of tools, and whether its last answer has text."""

    text: bool = True
    results: bool = False
    ends_with_text: bool = True

    @property
    def can_be_continued(self) -> bool:
        """Whether there is anything to go on from; without it, Continue would do the same as Retry."""
        return self.text or self.results


NOTHING = Extent(text=False, ends_with_text=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Ending:
    """The note below an answer that did not end normally. `tone` is quiet, warning or error."""

    tone: str
    text: str
    advice: str = ""
    technical: str = ""


def ending(
    status: str,
    stop_reason: str = "",
    error_code: str = "",
    detail: str = "",
    fallback: str = "",
    *,
    extent: Extent = Extent(),
) -> Ending | None:
    """Return how a turn ended and what can be done now; None if it ended normally.

    `fallback` is the name of the model to suggest after a refusal. `extent` is what was saved of the answer
    (unfinished thinking, for example, is not).
    """
    match status, stop_reason:
        case "stopped", _any:
            return Ending("quiet", _("You stopped this answer."))
        case "interrupted", _any:
            advice = _("The text so far is saved.") if extent.text else ""
            return Ending("warning", failure_text(error_code or "truncated"), advice)
        case "failed", _any:
            technical = "" if error_code in DETAIL_CODES else detail
            return Ending("error", failure_text(error_code, detail), technical=technical)
        case ("refused", _any) | (_any, "refusal"):
            return Ending("warning", failure_text("refused"), _after_refusal(fallback))
        case "completed", reason:
            return _completed(reason, extent)
    return None


def _after_refusal(fallback: str) -> str:
    if not fallback:
        return _("Rephrase your message, or choose another model.")
    return _("Rephrase your message, or ask %(model)s instead.") % {"model": fallback}


def _completed(stop_reason: str, extent: Extent) -> Ending | None:
    match stop_reason:
        case "" | "end_turn":
            return None if extent.ends_with_text else _empty(extent)
        case "stop_sequence":
            return Ending("quiet", _("The answer stopped at a stop sequence that is set for this assistant."))
        case "max_tokens" if not extent.can_be_continued:
            return Ending(
                "warning",
                _("The answer reached its length limit before its first word."),
                _("Retry, or ask for less at once."),
            )
        case "max_tokens":
            return Ending("quiet", _("The answer reached its length limit."), _("Continue to get the rest."))
        case "tool_use":
            return Ending(
                "warning",
                _("This answer reached its limit of tool calls."),
                _("Continue to let the model go on."),
            )
        case "pause_turn":
            return Ending(
                "warning",
                _("The search reached its limit for one answer."),
                _("Continue to let the model go on."),
            )
        case "model_context_window_exceeded":
            return Ending(
                "warning",
                _("This conversation is full for this model."),
                _(
                    "Summarise the earlier messages and retry, start a new conversation, or choose a "
                    "model with a larger context."
                ),
            )
        case "compaction":
            return Ending(
                "quiet",
                _("The model only summarised the conversation so far."),
                _("Send another message to go on."),
            )
    return Ending(
        "warning",
        _("The model ended its answer for an unknown reason: %(reason)s.") % {"reason": stop_reason},
    )


def _empty(extent: Extent) -> Ending:
    advice = _("Retry, or rephrase your message.")
    if extent.text or extent.results:
        return Ending("warning", _("The model added nothing after its last step."), advice)
    return Ending("warning", _("The model sent an empty answer."), advice)
