"""What one request may hold of files: refused when the message is accepted, not by an upstream afterwards.

Pictures that tools give can't be refused then: what a request has no place for is replaced by words as the results are
written. A turn is not moved to a connection that would refuse it for its files.
"""

import dataclasses
import json
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from chat.claude.blocks import Block, tool_pictures, with_tool_pictures
from chat.models import Attachment, LanguageModel, Message, ToolCall, Turn
from chat.models.platforms import MB, PlatformLimits
from chat.operations.conversations.path import has_files, path_to
from chat.operations.errors import OperationError
from chat.operations.request.attachments import files_of, in_order, seen_by, takes, with_sides
from chat.operations.request.compaction import since_summary
from chat.readers.sizes import MANY_PICTURES, MANY_PICTURES_SIDE, fitted_size

# What a request holds beside messages: prompt, tools, and the marks of JSON.
_RESERVED_BYTES = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """What a request would hold; `large` says that a picture in it is larger than one of many may be."""

    pictures: int
    large: bool
    pages: int
    size_bytes: int


def check_sendable(message: Message, model: LanguageModel) -> None:
    """Refuse a message whose request would be refused upstream because of its files or those before it.

    Raises:
        OperationError: pictures_unsupported, documents_unsupported, too_many_pictures, pictures_too_large,
            too_many_pages, too_large.
    """
    _check(message, message, model)


def could_take(turn: Turn, model: LanguageModel) -> bool:
    """Say whether another model, or another connection, takes the files of a turn's conversation."""
    last = turn.messages.order_by("-depth", "-id").first() or turn.user_message
    try:
        _check(last, turn.user_message, model)
    except OperationError:
        return False
    return True


def fit_pictures(results: list[Block], before: Message, model: LanguageModel | None) -> list[Block]:
    """Replace those pictures in the results of tools by words for which a request behind `before` has no place."""
    if model is None or not tool_pictures(results):
        return results
    load, limits = _load(since_summary(path_to(before)), model), _limits(model)
    places = (MANY_PICTURES if load.large else limits.pictures) - load.pictures
    rest = with_tool_pictures(results, lambda _picture: {})
    room = limits.request_bytes - load.size_bytes - len(json.dumps(rest))

    def kept(picture: Block) -> Block:
        nonlocal places, room
        room -= len(json.dumps(picture))
        places -= 1
        if places < 0 or room < 0:
            return {"type": "text", "text": "[a picture for which this conversation has no place any more]"}
        return picture

    return with_tool_pictures(results, kept)


def _check(leaf: Message, own: Message, model: LanguageModel) -> None:
    """Check a path; what a model can't read at all is refused in the person's `own` message only."""
    if not _holds_files(leaf, own):
        return
    path = since_summary(path_to(leaf))
    _check_abilities(in_order(own, files_of([own])), model)
    load, limits = _load(path, model), _limits(model)
    if load.pictures > limits.pictures:
        raise _over(
            "too_many_pictures",
            _("This conversation would have more than %(most)s images. Attach fewer, or start a new one."),
            limits.pictures,
        )
    if load.large and load.pictures > MANY_PICTURES:
        raise _over(
            "pictures_too_large",
            _(
                "In a conversation with more than %(most)s images, an image can’t be this large. "
                "Start a new conversation for these."
            ),
            MANY_PICTURES,
        )
    if load.pages > limits.pdf_pages:
        raise _over(
            "too_many_pages",
            _("This conversation would have more than %(most)s PDF pages. Attach fewer, or start a new one."),
            limits.pdf_pages,
        )
    if load.size_bytes > limits.request_bytes:
        raise _over(
            "too_large",
            _("The files of this conversation are larger than %(most)s MB. Attach less, or start a new one."),
            limits.request_bytes // MB,
        )


def _holds_files(leaf: Message, own: Message) -> bool:
    """Say whether there can be files on the way to a message, without reading it."""
    if leaf.parent_id is None and not has_files(own):
        return False
    conversation = leaf.conversation_id
    return (
        Attachment.objects.filter(messages__conversation=conversation).exists()
        or ToolCall.objects.filter(turn__conversation=conversation).exists()
    )


def _load(path: Sequence[Message], model: LanguageModel) -> Load:
    files = files_of(path)
    uses = [
        (attachment, side)
        for row, side in with_sides(path, files, model)
        for attachment in in_order(row, files)
        if takes(model, attachment)
    ]
    contents = [seen_by(model, row.content) for row in path]
    pictures = [use for use in uses if use[0].kind == Attachment.Kind.IMAGE]
    return Load(
        pictures=len(pictures) + sum(len(tool_pictures(content)) for content in contents),
        large=any(max(_size_sent(one, side)) > MANY_PICTURES_SIDE for one, side in pictures),
        pages=sum(attachment.pages or 0 for attachment, _side in uses),
        size_bytes=_RESERVED_BYTES
        + sum(len(json.dumps(content)) for content in contents)
        + sum(_travelling_bytes(one) for one, _side in uses),
    )


def _limits(model: LanguageModel) -> PlatformLimits:
    return model.connection.platform.limits(max_input_tokens=model.max_input_tokens)


def _check_abilities(files: Iterable[Attachment], model: LanguageModel) -> None:
    refused = next((one for one in files if not takes(model, one)), None)
    if refused is None:
        return
    if refused.kind == Attachment.Kind.IMAGE:
        code, text = (
            "pictures_unsupported",
            _("%(model)s can’t read images. Choose another model or remove them."),
        )
    else:
        code, text = (
            "documents_unsupported",
            _("%(model)s can’t read PDFs. Choose another model or remove them."),
        )
    raise OperationError(code, text % {"model": model.display_name}, status=422)


def _size_sent(attachment: Attachment, side: int) -> tuple[int, int]:
    size = (attachment.width or 1, attachment.height or 1)
    return fitted_size(*size, side)


def _travelling_bytes(attachment: Attachment) -> int:
    """How many bytes of a request's body an attachment takes, at most."""
    if attachment.text:
        return len(json.dumps(attachment.text, ensure_ascii=False).encode())
    stored = attachment.sent or attachment.original
    return -(-stored.size_bytes // 3) * 4


def _over(code: str, text: str, most: int) -> OperationError:
    return OperationError(code, text % {"most": f"{most:,}"}, status=413)
