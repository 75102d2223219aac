"""What an import took and left out, in words."""

import dataclasses
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chat.models import Import


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOutRow:
    """One line of a report: how many of what were left out, and why."""

    kind: str
    code: str
    count: int
    what: str
    reason: str


def left_out_rows(found: Import) -> list[LeftOutRow]:
    """Return what an import left out, by kind and reason."""
    return [
        LeftOutRow(
            one["kind"],
            one["code"],
            one["count"],
            _what(one["kind"], one["count"]),
            reason_text(one["kind"], one["code"]),
        )
        for one in found.left_out
    ]


def taken_lines(taken: dict[str, Any]) -> list[str]:
    """Return a line for each number of what was taken that is not 0."""
    numbers = {name: int(taken.get(name, 0)) for name in ("conversations", "updated", "unchanged")}
    messages, files = int(taken.get("messages", 0)), int(taken.get("files", 0))
    projects, known_projects = int(taken.get("projects", 0)), int(taken.get("known_projects", 0))
    memories = int(taken.get("memories", 0))
    lines = [
        (
            numbers["conversations"],
            ngettext("%(count)s new conversation", "%(count)s new conversations", numbers["conversations"]),
        ),
        (
            numbers["updated"],
            ngettext(
                "%(count)s conversation with new messages",
                "%(count)s conversations with new messages",
                numbers["updated"],
            ),
        ),
        (
            numbers["unchanged"],
            ngettext(
                "%(count)s conversation that you have already",
                "%(count)s conversations that you have already",
                numbers["unchanged"],
            ),
        ),
        (messages, ngettext("%(count)s message", "%(count)s messages", messages)),
        (files, ngettext("%(count)s file", "%(count)s files", files)),
        (projects, ngettext("%(count)s new project", "%(count)s new projects", projects)),
        (
            known_projects,
            ngettext(
                "%(count)s project that you have already",
                "%(count)s projects that you have already",
                known_projects,
            ),
        ),
        (memories, ngettext("%(count)s memory", "%(count)s memories", memories)),
    ]
    return [words % {"count": f"{count:,}"} for count, words in lines if count]


def reason_text(kind: str, code: str) -> str:
    """Return why something was left out."""
    reasons = {
        "cut": _("The file ends in the middle. Download the export again."),
        "empty": _("Without messages."),
        "example": _("An example that the service made."),
        "encrypted": _("Only the model provider can read it."),
        "loop": _("They have no beginning: each follows another."),
        "made_by_tool": _("Images that a tool made are not taken."),
        "memory_full": _(
            "Your memory is full. Delete entries that are not needed any more, then import again."
        ),
        "not_a_conversation": _("Other data of the service."),
        "not_in_export": _("The export names the file and does not contain it."),
        "not_offered": _("This workspace does not offer memory."),
        "not_supported": _("Parley does not take these yet."),
        "storage_full": _("Your storage is full."),
        "too_large": _("Larger than can be taken."),
        "too_long": _("Longer than can be taken."),
        "too_many": _("A project can’t have that many documents."),
        "twice": _("The export has them twice."),
        "unknown": _("A kind of content that Parley does not know."),
        "unreadable": _("It can’t be read."),
        "unsupported": _("This kind of file can’t be read."),
        "upload_limit": _("You reached today’s limit for uploads."),
        "without_project": _(
            "Its project was not imported. Import the projects of the export, then this again."
        ),
        "without_id": _("Without an identifier, so that it would be taken again at each import."),
    }
    return reasons.get(code, reasons["unreadable"])


def _what(kind: str, count: int) -> str:
    match kind:
        case "conversation":
            words = ngettext("%(count)s conversation", "%(count)s conversations", count)
        case "message":
            words = ngettext("%(count)s message", "%(count)s messages", count)
        case "file":
            words = ngettext("%(count)s file", "%(count)s files", count)
        case "project":
            words = ngettext("%(count)s project", "%(count)s projects", count)
        case "memory":
            words = ngettext("%(count)s memory", "%(count)s memories", count)
        case "content":
            words = ngettext("%(count)s part of a message", "%(count)s parts of messages", count)
        case "export_file":
            words = ngettext("%(count)s file of the export", "%(count)s files of the export", count)
        case _:
            words = ngettext("%(count)s other entry", "%(count)s other entries", count)
    return words % {"count": f"{count:,}"}
