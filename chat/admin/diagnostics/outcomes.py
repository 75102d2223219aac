"""How turns and calls ended, in words: the codes of the API and of failures stay beside them for searching."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from chat.presentation.wording import failure_text

STOP_REASONS: dict[str, Any] = {
    "end_turn": _("finished"),
    "max_tokens": _("reached the answer limit"),
    "stop_sequence": _("reached a stop sequence"),
    "tool_use": _("asked for a tool"),
    "pause_turn": _("paused by the provider"),
    "refusal": _("declined to answer"),
    "model_context_window_exceeded": _("filled the context window"),
}


def stop_reason_text(code: str) -> str:
    """Return a stop reason in words; an unknown one as it is, and "-" for none."""
    return str(STOP_REASONS.get(code, code)) or "-"


def outcome(error_code: str, error_detail: str, stop_reason: str) -> SafeString | str:
    """Return a short text for a list, with the code as its tooltip."""
    if not error_code:
        return format_html('<span title="{}">{}</span>', stop_reason, stop_reason_text(stop_reason))
    words = failure_text(error_code, error_detail)
    return format_html('<span class="outcome" title="{} ({})">{}</span>', words, error_code, words)


def error_with_code(error_code: str, error_detail: str) -> str:
    """Return a failure in words and its code: "The answer took too long. (timeout)"; "-" for none."""
    return f"{failure_text(error_code, error_detail)} ({error_code})" if error_code else "-"


def stop_reason_with_code(code: str) -> str:
    return f"{stop_reason_text(code)} ({code})" if code in STOP_REASONS else code or "-"
