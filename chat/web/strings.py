"""The texts that scripts show, in the viewer's language. Placeholders are in braces."""

import functools

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from chat.claude.encoding.client_json import LONGEST_TEXT
from chat.events.payloads import LASTING_NOTICES
from chat.presentation.server_tools import TITLES
from chat.presentation.wording import TOOL_STATUS, notice_text


def script_strings() -> dict[str, str]:
    """Return all texts by their name, in the active language."""
    return _strings_in(get_language())


@functools.cache
def _strings_in(_language: str | None) -> dict[str, str]:
    return {
        **_thread_strings(),
        **_composer_strings(),
        **_page_strings(),
        **_command_strings(),
        **_voice_strings(),
        **_artifact_strings(),
    }


def _thread_strings() -> dict[str, str]:
    return {
        "ask_model": _("Ask %(model)s") % {"model": "{model}"},
        "answering": _("Claude is answering."),
        "answer_finished": _("The answer is finished."),
        "answer_failed": _("The answer ended with an error."),
        "answer_stopped": _("The answer was stopped."),
        "notice_first": _("Waiting for the answer… {seconds} s"),
        "notice_retrying": _("No answer yet. Trying again in {seconds} s"),
        "notice_retrying_now": _("Trying again…"),
        "notice_stalled": _("Still waiting for the model… {seconds} s"),
        "notice_summarising": _("Summarising earlier messages…"),
        "notice_waiting": _("Waiting for the model provider…"),
        "stopping": _("Stopping…"),
        "thinking": _("Thinking…"),
        "thinking_for": _("Thinking… {seconds} s"),
        "thought": _("Thought process"),
        "thought_for": _("Thought for %(seconds)s s") % {"seconds": "{seconds}"},
        "tool_allowed": _("{tool} runs in this conversation without asking."),
        "turn_waiting": _("Waiting for your approval."),
        **{f"server_tool_{name}": str(title) for name, title in TITLES.items()},
        **{f"tool_{status}": str(text) for status, text in TOOL_STATUS.items()},
        **{
            f"became_{code}": notice_text({"code": code, "from": "{before}", "to": "{after}"})
            for code in sorted(LASTING_NOTICES)
        },
    }


def _composer_strings() -> dict[str, str]:
    return {
        "draft_too_long": _(
            "This message is longer than {model} can read ({tokens} of {window} tokens). Shorten it, or choose"
            " another model."
        ),
        "editing": _("Editing your message"),
        "file_attached": _("Attached: {name}"),
        "files_failed": _("A file could not be attached. Remove it or attach it again, then send."),
        "files_pending": _("Files: {count}"),
        "files_sending": _("Wait until your files are uploaded, then edit the message."),
        "gauge": _("{used} of {window} tokens of the context ({percent})"),
        "gauge_estimated": _("About {used} of {window} tokens of the context ({percent})"),
        "gauge_full": _("The context is nearly full. Earlier messages will be summarised soon."),
        "message_too_large": _("This message is too large to be sent. Shorten it, or attach it as a file."),
        "message_too_long": _(
            "The message is longer than %(limit)s characters. Shorten it or send it in parts."
        )
        % {"limit": f"{LONGEST_TEXT:,}"},
        "paste_as_text": _("Insert as text"),
        "pasted": _("Pasted as a file"),
        "pasted_name": _("Pasted text"),
        "prompt_form": _("Insert /{command}"),
        "prompts_found": _("Saved prompts: {count}. Use the arrow keys."),
        "remove_file": _("Remove {name}"),
        "tools_on": _("%(on)s of %(all)s") % {"on": "{on}", "all": "{all}"},
        "upload_failed": _("The file was not uploaded. Check your connection, then attach it again."),
        "upload_too_large": _(
            "This file is larger than {most} MB. Attach a smaller one, or only the part you need."
        ),
    }


def _page_strings() -> dict[str, str]:
    return {
        "cant_load": _("Could not load this. Check your connection and try again."),
        "change": _("Change…"),
        "code": _("code"),
        "copied": _("Copied"),
        "copy_code": _("Copy code"),
        "copy_failed": _("Your browser blocked copying."),
        "details": _("Details"),
        "diagram": _("Diagram"),
        "diagram_large": _("This diagram is too large to be drawn here."),
        "diagram_slow": _("Drawing this diagram took too long."),
        "diagram_unreadable": _(
            "This diagram can’t be drawn. Its code has an error or is of an unknown kind."
        ),
        "enlarge": _("Show larger"),
        "footnote": _("Footnote {number}"),
        "footnote_back": _("Back to the text"),
        "formula": _("Formula"),
        "formula_unreadable": _("This formula can’t be shown. It stands here as it was written."),
        "image": _("Image"),
        "image_from": _("Image from {host}, opens in a new tab"),
        "many_deleted": _("{count} conversations deleted"),
        "offline": _("Offline. Your messages are kept and sent later."),
        "pending": _("Waiting for the connection…"),
        "reconnecting": _("Reconnecting…"),
        "refused_connection": _("Connection refused. Reload the page."),
        "request_failed": _("That didn’t work. Try again."),
        "results": _("Results: {count}"),
        "search_messages": _("Search in messages for “{words}”"),
        "selected": _("{count} selected"),
        "show_all": _("Show all"),
        "show_less": _("Show less"),
        "table": _("Table"),
        "temporary_off": _("This is an ordinary conversation again."),
        "undo": _("Undo"),
    }


def _command_strings() -> dict[str, str]:
    return {
        "command_archive": _("Archive this conversation"),
        "command_archived": _("Show archived conversations"),
        "command_copy": _("Copy the last answer"),
        "command_delete": _("Delete this conversation"),
        "command_end_temporary": _("End and delete this temporary chat"),
        "command_find": _("Find a conversation in the list"),
        "command_help": _("Keyboard shortcuts"),
        "command_language": _("Language: {name}"),
        "command_new": _("New conversation"),
        "command_pin": _("Pin this conversation"),
        "command_rename": _("Rename this conversation"),
        "command_select": _("Select conversations"),
        "command_sidebar": _("Show or hide conversations"),
        "command_sign_out": _("Sign out"),
        "command_stop": _("Stop the answer"),
        "command_temporary": _("Temporary chat"),
        "command_theme": _("Theme: {name}"),
        "command_unarchive": _("Unarchive this conversation"),
        "command_undo": _("Undo"),
        "command_unpin": _("Unpin this conversation"),
    }


def _voice_strings() -> dict[str, str]:
    return {
        "dictation_blocked": _(
            "The microphone is blocked for this page. Allow it in your browser’s settings for this site."
        ),
        "dictation_no_language": _("Your browser can’t recognise speech in this language."),
        "dictation_no_microphone": _("No microphone was found."),
        "dictation_off": _("Dictation ended."),
        "dictation_on": _("Listening…"),
        "dictation_silence": _("Nothing was heard. Try again, closer to the microphone."),
        "dictation_unreachable": _("Your browser’s speech service can’t be reached. Try again later."),
        "notify_finished": _("An answer is ready."),
        "notify_waiting": _("A tool waits for your approval."),
        "speech_blocked": _("Your browser doesn’t allow reading aloud before you have clicked on the page."),
        "speech_failed": _("Your browser stopped reading. Try again."),
        "speech_finished": _("Reading is finished."),
        "speech_no_voice": _(
            "Your device has no voice for this language. You can add one in its settings for speech."
        ),
        "speech_nothing": _("There is no text to read. Code is not read aloud."),
        "speech_pause": _("Pause reading"),
        "speech_read": _("Read aloud"),
        "speech_resume": _("Go on reading"),
    }


def _artifact_strings() -> dict[str, str]:
    return {
        "edit_lines": _(
            "This is about lines {from}–{to} of “{title}” (version {version}). Answer with its complete new version in"
            " one code block."
        ),
        "edit_whole": _(
            "This is about “{title}” (version {version}). Answer with its complete new version in one code block."
        ),
        "lines_left": _("{count} unchanged lines"),
        "new_version": _("A new version is shown."),
        "no_changes": _("Nothing changed."),
        "picture_broken": _("This picture can’t be shown. Look at its source."),
        "preview": _("Preview"),
        "preview_blocked": _(
            "This page asks for files from {host}. A preview loads nothing from the network."
        ),
        "preview_dialog": _("The page shows a dialog, which counts as confirmed here: {words}"),
        "preview_failed": _("The page reports an error: {words}"),
        "preview_link": _("Links don’t open in a preview: {address}"),
    }
