"""The texts that scripts show, in the viewer's language. Placeholders are in braces."""

from django.utils.translation import gettext as _

from chat.events.payloads import LASTING_NOTICES
from chat.presentation.server_tools import TITLES
from chat.presentation.wording import TOOL_STATUS, notice_text


def script_strings() -> dict[str, str]:
    return {
        "answer_finished": _("The answer is finished."),
        "answer_failed": _("The answer ended with an error."),
        "answer_stopped": _("The answer was stopped."),
        "cant_load": _("Could not load this. Check your connection and try again."),
        "code": _("code"),
        "copied": _("Copied"),
        "copy_code": _("Copy code"),
        "copy_failed": _("Your browser blocked copying."),
        "file_attached": _("Attached: {name}"),
        "files_failed": _("A file could not be attached. Remove it or attach it again, then send."),
        "files_pending": _("Files: {count}"),
        "gauge": _("{used} of {window} tokens of the context ({percent})"),
        "gauge_estimated": _("About {used} of {window} tokens of the context ({percent})"),
        "gauge_full": _("The context is nearly full. Earlier messages will be summarised soon."),
        "image": _("Image"),
        "image_from": _("Image from {host}, opens in a new tab"),
        "notice_budget_soft": _("Your budget has passed its warning amount."),
        "notice_first": _("Waiting for the answer… {seconds} s"),
        "notice_retrying": _("No answer yet. Trying again in {seconds} s"),
        "notice_retrying_now": _("Trying again…"),
        "notice_summarising": _("Summarising earlier messages…"),
        "notice_waiting": _("Waiting for the model provider…"),
        "offline": _("Offline. Your messages are kept and sent later."),
        "pending": _("Waiting for the connection…"),
        "reconnecting": _("Reconnecting…"),
        "refused_connection": _("Connection refused. Reload the page."),
        "remove_file": _("Remove {name}"),
        "request_failed": _("That didn’t work. Try again."),
        "stopping": _("Stopping…"),
        "not_json": _("This is not a JSON object. Correct it, or cancel."),
        "table": _("Table"),
        "thinking": _("Thinking…"),
        "thought": _("Thought process"),
        "turn_waiting": _("Waiting for your approval."),
        **{f"server_tool_{name}": str(title) for name, title in TITLES.items()},
        **{f"tool_{status}": str(text) for status, text in TOOL_STATUS.items()},
        **{
            f"became_{code}": notice_text({"code": code, "from": "{before}", "to": "{after}"})
            for code in sorted(LASTING_NOTICES)
        },
        "upload_failed": _("The file was not uploaded. Check your connection, then attach it again."),
        "upload_too_large": _("This file is too large. Attach a smaller one, or only the part you need."),
    }
