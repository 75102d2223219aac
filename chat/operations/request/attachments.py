"""Attachments in messages: replace the references of stored content by the bytes that a request carries.

A request gets the same bytes for the same message each time, so that cached prefixes and signed thinking stay valid:
the size of a picture depends on the model and on the messages above it, never on later ones.
"""

import base64
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chat.claude.content.blocks import (
    Block,
    tool_pictures,
    with_search_results_as_text,
    with_tool_pictures,
)
from chat.models import Attachment, LanguageModel, Message
from chat.operations.conversations.path import ConversationPath
from chat.operations.files import storage
from chat.readers.pictures.sizes import MANY_PICTURES, OLDER_SIDE, fitted_size

Files = Mapping[str, Attachment]


def resolve_path(
    path: ConversationPath, model: LanguageModel, frame_body: Mapping[str, Any] | None = None
) -> list[Message]:
    """Return the messages to send, with files in place of references; the messages that have any are copies.

    Only files that a row attaches to the message are resolved: an id in a text or in an answer opens nothing.
    """
    cites = not ((frame_body or {}).get("output_config") or {}).get("format")
    resolved = []
    for message, side in with_sides(path.sent, model):
        content = seen_by(model, message.content)
        if message.id in path.sent.files:
            content = resolve(content, model, path.sent.files[message.id], side=side, cites=cites)
        resolved.append(message if content is message.content else _with_content(message, content))
    return resolved


def seen_by(model: LanguageModel, content: list[Block]) -> list[Block]:
    """Return a message's blocks; what a model can't take of tools' results is replaced by a text.

    That are pictures without image input, and search results without citations.
    """
    if not model.supports.citations:
        content = with_search_results_as_text(content)
    if model.supports.image_input or not tool_pictures(content):
        return content
    return with_tool_pictures(
        content, lambda _picture: _note("A picture was here; this model can't see any.")
    )


def resolve(
    content: Sequence[Block],
    model: LanguageModel,
    files: Files,
    *,
    side: int | None = None,
    cites: bool = True,
) -> list[Block]:
    """Replace references by base64 or text sources, and what the model can't take by a text that says so.

    `side` is the largest side of pictures in pixels; `cites` is False when the answer's format excludes citations.
    """
    wanted = side or model.supports.image_side_pixels
    return [_resolved(block, model, files, wanted, cites) for block in content]


def documents_of(body: Mapping[str, Any]) -> list[Attachment]:
    """Return the documents of a frame in their order, without those that are gone (a query if there are any)."""
    wanted = [str(_referred(block)) for block in body.get("documents", ())]
    found = Attachment.objects.in_bulk(wanted) if wanted else {}
    known = {str(row.id): row for row in found.values()}
    return [known[one] for one in wanted if one in known]


def documents_on(path: ConversationPath) -> list[Attachment]:
    """Return the documents of the messages that are sent, in the order in which citations count them."""
    return [
        attachment
        for message in path.sent.messages
        for attachment in in_order(message, path.sent.files)
        if attachment.kind != Attachment.Kind.IMAGE
    ]


def _referred(block: Block) -> str | None:
    """Return the id that a block refers to, or None."""
    source = block.get("source")
    if not isinstance(source, dict) or source.get("type") != "attachment":
        return None
    return str(source.get("attachment"))


def in_order(message: Message, files: Mapping[Any, Files]) -> Iterator[Attachment]:
    """Yield a message's attachments in the order of its blocks."""
    own = files.get(message.id, {})
    for block in message.content if own else ():
        identifier = _referred(block)
        if identifier is not None and identifier in own:
            yield own[identifier]


def with_sides(path: ConversationPath, model: LanguageModel) -> Iterator[tuple[Message, int]]:
    """Yield each message with the largest side of its pictures: less once there are many above it."""
    useful, pictures = model.supports.image_side_pixels, 0
    for message in path.messages:
        pictures += sum(one.kind == Attachment.Kind.IMAGE for one in in_order(message, path.files))
        pictures += len(tool_pictures(message.content))
        yield message, useful if pictures <= MANY_PICTURES else min(useful, OLDER_SIDE)


def _with_content(message: Message, content: list[Block]) -> Message:
    changed = copy.copy(message)
    changed.content = content
    return changed


def _resolved(block: Block, model: LanguageModel, files: Files, side: int, cites: bool) -> Block:
    identifier = _referred(block)
    if identifier is None:
        return block
    attachment = files.get(identifier)
    if attachment is None:
        return _note("A file that was here is not available any more.")
    if not takes(model, attachment):
        return _note(f"The file {_quoted(attachment)} was here; this model can't read such files.")
    if attachment.text:
        return _text_document(block, attachment, model, cites)
    try:
        if attachment.kind == Attachment.Kind.IMAGE:
            return {**block, "source": _picture_source(attachment, side)}
        data = storage.read_stored(attachment.sent or attachment.original)
    except OSError:
        return _note(f"The file {_quoted(attachment)} that was here is not available any more.")
    return _citable({**block, "source": _base64("application/pdf", data)}, model, cites)


def _text_document(block: Block, attachment: Attachment, model: LanguageModel, cites: bool) -> Block:
    if not model.supports.citations:
        # A model that knows no citations may know no document blocks either.
        title = _quoted(attachment)
        return _note(f"<document title={title}>\n{attachment.text}\n</document>")
    source = {"type": "text", "media_type": "text/plain", "data": attachment.text}
    return _citable({**block, "source": source}, model, cites)


def _citable(block: Block, model: LanguageModel, cites: bool) -> Block:
    enabled = cites and model.supports.citations
    return block if enabled else {**block, "citations": {"enabled": False}}


def _picture_source(attachment: Attachment, side: int) -> Block:
    stored = attachment.sent or attachment.original
    size = (attachment.width or 0, attachment.height or 0)
    whole = not all(size) or fitted_size(*size, side) == size
    data = storage.read_stored(stored) if whole else storage.read_shrunk(stored, side)
    return _base64(stored.media_type if whole else _media_type(data), data)


def _media_type(data: bytes) -> str:
    return "image/jpeg" if data.startswith(b"\xff\xd8") else "image/png"


def _base64(media_type: str, data: bytes) -> Block:
    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}


def _note(text: str) -> Block:
    return {"type": "text", "text": text}


def _quoted(attachment: Attachment) -> str:
    return json.dumps(attachment.name, ensure_ascii=False)


def takes(model: LanguageModel, attachment: Attachment) -> bool:
    """Return whether a model takes this kind of file."""
    match attachment.kind:
        case Attachment.Kind.IMAGE:
            return model.supports.image_input
        case Attachment.Kind.PDF:
            return model.supports.pdf_input
    return True


def cited_document(answer: Message, index: int, title: str) -> Attachment | None:
    """Return the document that an answer cites by its number among those above it; the title settles doubts."""
    shared = documents_of(answer.frame.body) if answer.frame else []
    documents = [*shared, *documents_on(ConversationPath.to(answer.id))]
    numbered = documents[index : index + 1] if index >= 0 else []
    named = [document for document in documents if document.name == title]
    best = [document for document in numbered if not title or document.name == title]
    return next(iter(best + named), None)
