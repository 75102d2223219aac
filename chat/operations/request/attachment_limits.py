"""Limits of the files in one request, checked when a message is accepted instead of by an upstream afterwards.

Pictures from tools can't be refused: those that a request can't hold are replaced by texts when the results are
written. A turn is not moved to a connection that would refuse it for its files.
"""

import dataclasses
import json
from collections.abc import Collection, Iterable

from django.utils.translation import gettext as _

from chat.claude.content.blocks import Block, tool_pictures, with_tool_pictures
from chat.models import Attachment, LanguageModel, Message, Turn
from chat.models.catalogue.platforms import MB, PlatformLimits
from chat.operations.conversations.path import ConversationPath
from chat.operations.errors import OperationError
from chat.operations.request.attachments import documents_of, in_order, seen_by, takes, with_sides
from chat.readers.pictures.sizes import MANY_PICTURES, MANY_PICTURES_SIDE, fitted_size

# The parts of a request beside its messages: prompt, tools and JSON syntax.
_RESERVED_BYTES = 1_000_000


class FilesUnsupported(OperationError):
    """A message has files that its model can't read. The field `instead` names a model that can, if there is one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """The files that a request would hold; `large`: a picture is larger than allowed where there are many."""

    pictures: int
    large: bool
    pages: int
    size_bytes: int


def check_sendable(
    path: ConversationPath,
    model: LanguageModel,
    others: Iterable[LanguageModel] = (),
    *,
    documents: Collection[Attachment] = (),
) -> None:
    """Raise an error when a request behind a new message, the path's last, would be refused for its files.

    `documents` are those of a project, which the request holds too.

    Raises:
        FilesUnsupported: pictures_unsupported, documents_unsupported; the first of `others` that takes the request
            is the one to ask instead.
        OperationError: too_many_pictures, pictures_too_large, too_many_pages, too_large.
    """
    try:
        _check(path, path.messages[-1], model, documents)
    except FilesUnsupported as error:
        usable = (other for other in others if not other.connection.problem())
        able = next(
            (other for other in usable if _takes_all(path, path.messages[-1], other, documents)), None
        )
        if able is not None:
            error.fields = {"instead": {"model": str(able.id), "name": able.display_name}}
        raise


def could_take(turn: Turn, model: LanguageModel) -> bool:
    """Return whether another model, or another connection, accepts the files of a turn's conversation."""
    path = ConversationPath.to(turn.last_message().id)
    own = next(row for row in path.messages if row.id == turn.user_message_id)
    return _takes_all(path, own, model, documents_of(turn.frame.body))


def fit_pictures(results: list[Block], before: Message, model: LanguageModel | None) -> list[Block]:
    """Replace the pictures in tools' results that a request behind `before` can't hold by texts."""
    if model is None or not tool_pictures(results):
        return results
    documents = documents_of(before.frame.body) if before.frame else []
    load, limits = _load(ConversationPath.to(before.id), model, documents), _limits(model)
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


def _check(
    path: ConversationPath, own: Message, model: LanguageModel, documents: Collection[Attachment]
) -> None:
    """Check the files of a path; files that the model can't read count only in the person's `own` message."""
    if not path.sent.may_hold_files and not documents:
        return
    _check_abilities(in_order(own, path.sent.files), model)
    load, limits = _load(path, model, documents), _limits(model)
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


def _takes_all(
    path: ConversationPath, own: Message, model: LanguageModel, documents: Collection[Attachment]
) -> bool:
    try:
        _check(path, own, model, documents)
    except OperationError:
        return False
    return True


def _load(path: ConversationPath, model: LanguageModel, documents: Iterable[Attachment]) -> Load:
    sent = path.sent
    shared = [one for one in documents if takes(model, one)]
    uses = [
        (attachment, side)
        for row, side in with_sides(sent, model)
        for attachment in in_order(row, sent.files)
        if takes(model, attachment)
    ]
    contents = [seen_by(model, row.content) for row in sent.messages]
    pictures = [use for use in uses if use[0].kind == Attachment.Kind.IMAGE]
    return Load(
        pictures=len(pictures) + sum(len(tool_pictures(content)) for content in contents),
        large=any(max(_size_sent(one, side)) > MANY_PICTURES_SIDE for one, side in pictures),
        pages=sum(one.pages or 0 for one in (*shared, *(attachment for attachment, _side in uses))),
        size_bytes=_RESERVED_BYTES
        + sum(len(json.dumps(content)) for content in contents)
        + sum(_travelling_bytes(one) for one in (*shared, *(attachment for attachment, _side in uses))),
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
    raise FilesUnsupported(code, text % {"model": model.display_name}, status=422)


def _size_sent(attachment: Attachment, side: int) -> tuple[int, int]:
    size = (attachment.width or 1, attachment.height or 1)
    return fitted_size(*size, side)


def _travelling_bytes(attachment: Attachment) -> int:
    """Return an upper bound of the bytes that an attachment takes in a request's body."""
    if attachment.text:
        return len(json.dumps(attachment.text, ensure_ascii=False).encode())
    stored = attachment.sent or attachment.original
    return -(-stored.size_bytes // 3) * 4


def _over(code: str, text: str, most: int) -> OperationError:
    return OperationError(code, text % {"most": f"{most:,}"}, status=413)
