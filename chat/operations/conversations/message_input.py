"""Validate a person's message: a text with files, or content blocks of both in the client's order.

Blocks have the forms in which messages are stored. Other content of the Messages API is refused: tool results and
thinking would forge a transcript, and URLs and file ids would make the provider fetch them.
"""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from chat import access
from chat.claude.content.blocks import Block, is_empty, plain_text
from chat.claude.encoding.client_json import LONGEST_TEXT
from chat.claude.encoding.text import clean_text
from chat.models import Attachment, User
from chat.operations.errors import OperationError, invalid

# The most files of a message, with a text before and after each.
MOST_BLOCKS = 201


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """A message whose form was checked; its files were not looked up yet."""

    blocks: list[Block]
    attachments: object = None


@dataclasses.dataclass(frozen=True, slots=True)
class MessageContent:
    """The content of a stored message: its blocks, their text (or the names of its files), and the files."""

    blocks: list[Block]
    text: str
    files: list[Attachment]


def read_draft(*, text: object = "", attachments: object = None, content: object = None) -> Draft:
    """Check the form of a message: `text`, `attachments` (ids) or both; or `content` alone.

    An element of content: {"type": "text", "text": str}, or {"type": "image" or "document", "source": {"type":
    "attachment", "attachment": id}}.

    Raises:
        OperationError: empty, too_long, invalid.
    """
    if content is None:
        return Draft(_text_alone(text, needed=not attachments), attachments)
    if text or attachments is not None:
        raise invalid(_("Send either content, or text with attachments."))
    if not isinstance(content, list) or len(content) > MOST_BLOCKS:
        raise invalid(_("content must be a list of at most %(most)s blocks.") % {"most": MOST_BLOCKS})
    blocks = [_block(number, sent) for number, sent in enumerate(content, 1)]
    _check_length(sum(len(block.get("text", "")) for block in blocks))
    kept = [block for block in blocks if not is_empty(block)]
    if not kept:
        raise _empty()
    return Draft(kept)


def resolve_draft(author: User, draft: Draft) -> MessageContent:
    """Look up the author's files that a draft names, and return its content in the stored form.

    Raises:
        OperationError: not_found (also for another person's file), invalid.
    """
    if draft.attachments is not None:
        files = chosen_attachments(author, draft.attachments)
        blocks = content_blocks(files) + draft.blocks
    else:
        named = [block["source"]["attachment"] for block in draft.blocks if "source" in block]
        files = chosen_attachments(author, named)
        known = {str(file.id): file for file in files}
        blocks = [_with_file(block, known) if "source" in block else block for block in draft.blocks]
    return MessageContent(blocks, plain_text(blocks) or ", ".join(file.name for file in files), files)


def _text_alone(text: object, *, needed: bool) -> list[Block]:
    if text is None and not needed:
        return []
    if not isinstance(text, str):
        raise invalid(_("The message must be text."))
    block = _text(text)
    if is_empty(block):
        if needed:
            raise _empty()
        return []
    _check_length(len(block["text"]))
    return [block]


def _text(text: str) -> Block:
    return {"type": "text", "text": clean_text(text)}


def _block(number: int, sent: Any) -> Block:
    match sent:
        case {"type": "text", "text": str(text), **more} if not more:
            return _text(text)
        case {
            "type": "image" | "document",
            "source": {"type": "attachment", "attachment": str(), **more},
        } if not more:
            return dict(sent)
    raise invalid(
        _(
            'Block %(number)s of content is not allowed. Allowed are texts, {"type": "text", "text": '
            '"…"}, and files that were uploaded to /api/v1/attachments, {"type": "image", "source": '
            '{"type": "attachment", "attachment": "<id>"}} or the same with "document".'
        )
        % {"number": number}
    )


def _with_file(block: Block, known: dict[str, Attachment]) -> Block:
    """Return the stored form of a reference; every field that was sent must be true of its file."""
    stored = content_blocks([known[block["source"]["attachment"]]])[0]
    if {**stored, **block} != stored:
        raise invalid(
            _("A block of content doesn’t match its file. Allowed is: %(block)s")
            % {"block": json.dumps(stored, ensure_ascii=False)}
        )
    return stored


def _empty() -> OperationError:
    return OperationError("empty", _("Enter a message first."), status=422)


def _check_length(characters: int) -> None:
    if characters > LONGEST_TEXT:
        raise OperationError(
            "too_long",
            _("The message is longer than %(limit)s characters. Shorten it or send it in parts.")
            % {"limit": f"{LONGEST_TEXT:,}"},
            status=413,
        )


MOST_PER_MESSAGE = 100


def chosen_attachments(author: User, identifiers: object) -> list[Attachment]:
    """Return the author's attachments in the given order, each once, locked in the caller's transaction.

    Raises:
        OperationError: invalid, not_found (also for another person's file).
    """
    if identifiers is None:
        return []
    if not isinstance(identifiers, list) or not all(isinstance(one, str) for one in identifiers):
        raise invalid(_("attachments must be a list of ids."))
    if len(identifiers) > MOST_PER_MESSAGE:
        raise invalid(_("A message can have at most %(most)s files.") % {"most": MOST_PER_MESSAGE})
    wanted = list(dict.fromkeys(access.as_id(one) for one in identifiers))
    # Else the deletion of the only conversation that has them could take them away at this moment.
    locked = access.attachments(author).order_by("id").select_for_update(of=("self",), no_key=True)
    found = locked.in_bulk(wanted)
    if len(found) < len(wanted):
        raise OperationError(
            "not_found",
            _("One of the files is no longer available. Remove it and attach it again."),
            status=404,
        )
    return [found[one] for one in wanted]


def content_blocks(attachments: Sequence[Attachment]) -> list[Block]:
    """Return the blocks that a message stores for its attachments: references without bytes."""
    return [_reference(attachment) for attachment in attachments]


def _reference(attachment: Attachment) -> Block:
    source = {"type": "attachment", "attachment": str(attachment.id)}
    if attachment.kind == Attachment.Kind.IMAGE:
        return {"type": "image", "source": source}
    return {
        "type": "document",
        "source": source,
        "title": attachment.name,
        "citations": {"enabled": True},
    }
