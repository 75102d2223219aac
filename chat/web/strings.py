"""The words that scripts show, handed to the page in the viewer's language. Placeholders stand in braces."""

from django.utils.translation import gettext as _

from chat.events.payloads import LASTING_NOTICES
from chat.presentation.server_tools import TITLES
from chat.presentation.wording import TOOL_STATUS, notice_text


def script_strings() -> dict[str, str]:
    return {
        "answer_finished": _("The answer is finished."),
        "answer_failed": _("The answer has ended with a problem."),
        "answer_stopped": _("The answer was stopped."),
        "cant_load": _("This couldn’t be loaded. Check your connection and try again."),
        "code": _("code"),
        "copied": _("Copied"),
        "copy_code": _("Copy code"),
        "copy_failed": _("Copying isn’t allowed here"),
        "file_attached": _("Attached: {name}"),
        "files_failed": _("A file could not be attached. Remove it or try it again, then send."),
        "files_pending": _("Files: {count}"),
        "gauge": _("{used} of {window} tokens of the context ({percent})"),
        "gauge_estimated": _("About {used} of {window} tokens of the context ({percent})"),
        "gauge_full": _("The context is nearly full. Earlier messages will be summarised soon."),
        "image": _("Image"),
        "image_from": _("Image from {host}, opens in a new tab"),
        "notice_budget_soft": _("Most of your budget is used."),
        "notice_first": _("Waiting for the first words… {seconds} s"),
        "notice_retrying": _("The model is busy. Trying again in {seconds} s"),
        "notice_retrying_now": _("Trying again…"),
        "notice_summarising": _("Summarising earlier messages…"),
        "notice_waiting": _("Waiting for the model’s service…"),
        "offline": _("Offline. What you send is kept."),
        "pending": _("Waiting for the connection…"),
        "reconnecting": _("Reconnecting…"),
        "refused_connection": _("The server refuses this page’s connection. Load the page again."),
        "remove_file": _("Remove {name}"),
        "request_failed": _("That didn’t work. Try again."),
        "stopping": _("Stopping…"),
        "not_json": _("This is not a JSON object. Correct it, or cancel."),
        "table": _("Table"),
        "thinking": _("Thinking…"),
        "thought": _("Thoughts"),
        "turn_waiting": _("Waiting for your decision."),
        **{f"server_tool_{name}": str(title) for name, title in TITLES.items()},
        **{f"tool_{status}": str(text) for status, text in TOOL_STATUS.items()},
        **{
            f"became_{code}": notice_text({"code": code, "from": "{before}", "to": "{after}"})
            for code in sorted(LASTING_NOTICES)
        },
        "upload_failed": _("The file did not arrive. Check your connection, then attach it again."),
        "upload_too_large": _("This file is too large. Attach a smaller one, or the part that matters."),
    }
