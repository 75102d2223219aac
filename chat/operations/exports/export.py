"""Write a conversation into a temporary file, which is then sent in pieces.

A conversation of any length takes the same few queries and little memory: rows come one after another, and the file is
on disk.
"""

import dataclasses
import re
import tempfile
from typing import IO

from django.utils import timezone
from django.utils.translation import gettext as _

from chat import access
from chat.models import Conversation, User
from chat.operations.errors import invalid, not_found
from chat.operations.exports.exact_json import write_archive, write_exact_json
from chat.operations.exports.markdown import write_markdown

FORMATS = ("markdown", "json", "zip")
MEDIA_TYPES = {
    "markdown": "text/markdown; charset=utf-8",
    "json": "application/json",
    "zip": "application/zip",
}
_EXTENSIONS = {"markdown": "md", "json": "json", "zip": "zip"}
_LONGEST_NAME = 80
_UNSAFE = re.compile(r"[^\w .,()+-]+")


@dataclasses.dataclass(frozen=True, slots=True)
class Export:
    """A whole export; `file` is open at its beginning and belongs to the caller."""

    file: IO[bytes]
    size_bytes: int
    name: str
    media_type: str


def export_conversation(
    *, user: User, conversation_id: object, form: str = "markdown", thinking: bool = False
) -> Export:
    """Return a conversation as a file: `form` is one of FORMATS; `thinking` counts for Markdown alone.

    Raises:
        OperationError: not_found, invalid.
    """
    if form not in FORMATS:
        raise invalid(_("format must be one of: %(formats)s.") % {"formats": ", ".join(FORMATS)})
    conversation = access.find_conversation(user, conversation_id)
    if conversation is None:
        raise not_found()
    # It closes itself when nothing refers to it any more, also when the client goes away.
    target = tempfile.TemporaryFile()  # noqa: SIM115
    if form == "markdown":
        write_markdown(conversation, target, thinking=thinking)
    elif form == "json":
        write_exact_json(conversation, target)
    else:
        write_archive(conversation, target)
    size = target.tell()
    target.seek(0)
    return Export(target, size, _file_name(conversation, form), MEDIA_TYPES[form])


def _file_name(conversation: Conversation, form: str) -> str:
    title = " ".join(_UNSAFE.sub(" ", str(conversation)).split())[:_LONGEST_NAME].strip(" .")
    day = timezone.localdate(conversation.last_message_at).isoformat()
    return f"{title or 'conversation'} {day}.{_EXTENSIONS[form]}"
