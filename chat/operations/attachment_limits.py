"""What one request may hold of files: refused when the message is accepted, not by an upstream afterwards."""

import json
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from chat.models import Attachment, LanguageModel, Message
from chat.models.platforms import MB, Limits
from chat.operations.attachments import files_of, in_order, takes, with_sides
from chat.operations.conversations import has_files, path_to
from chat.operations.errors import OperationError
from chat.readers.sizes import MANY_PICTURES, MANY_PICTURES_SIDE, fitted

# What a request holds beside messages: prompt, tools, and the marks of JSON.
_RESERVED_BYTES = 1_000_000


def check_sendable(message: Message, model: LanguageModel) -> None:
    """Refuse a message whose request would be refused upstream because of its files or those before it.

    Raises:
        OperationError: pictures_unsupported, documents_unsupported, too_many_pictures, pictures_too_large,
            too_many_pages, too_large.
    """
    alone = message.parent_id is None and not has_files(message)
    if alone or not Attachment.objects.filter(messages__conversation=message.conversation_id).exists():
        return
    path = path_to(message)
    files = files_of(path)
    _check_abilities(in_order(message, files), model)
    limits = model.connection.platform.limits(max_input_tokens=model.max_input_tokens)
    uses = [
        (attachment, side)
        for row, side in with_sides(path, files, model)
        for attachment in in_order(row, files)
    ]
    _check_pictures([use for use in uses if use[0].kind == Attachment.Kind.IMAGE], limits)
    if sum(attachment.pages or 0 for attachment, _side in uses) > limits.pdf_pages:
        raise _over(
            "too_many_pages",
            _("This conversation would have more than %(most)s PDF pages. Attach fewer, or begin a new one."),
            limits.pdf_pages,
        )
    written = sum(len(json.dumps(row.content)) for row in path)
    if _RESERVED_BYTES + written + sum(_travelling_bytes(one) for one, _side in uses) > limits.request_bytes:
        raise _over(
            "too_large",
            _("The files of this conversation are larger than %(most)s MB. Attach less, or begin a new one."),
            limits.request_bytes // MB,
        )


def _check_abilities(files: Iterable[Attachment], model: LanguageModel) -> None:
    refused = next((one for one in files if not takes(model, one)), None)
    if refused is None:
        return
    if refused.kind == Attachment.Kind.IMAGE:
        code, text = (
            "pictures_unsupported",
            _("%(model)s can’t see pictures. Choose another model or remove them."),
        )
    else:
        code, text = (
            "documents_unsupported",
            _("%(model)s can’t read PDFs. Choose another model or remove them."),
        )
    raise OperationError(code, text % {"model": model.display_name}, status=422)


def _check_pictures(pictures: Sequence[tuple[Attachment, int]], limits: Limits) -> None:
    if len(pictures) > limits.pictures:
        raise _over(
            "too_many_pictures",
            _("This conversation would have more than %(most)s pictures. Attach fewer, or begin a new one."),
            limits.pictures,
        )
    large = any(max(_size_sent(one, side)) > MANY_PICTURES_SIDE for one, side in pictures)
    if large and len(pictures) > MANY_PICTURES:
        raise _over(
            "pictures_too_large",
            _(
                "With more than %(most)s pictures in a conversation none may be so large. Begin a new one for these."
            ),
            MANY_PICTURES,
        )


def _size_sent(attachment: Attachment, side: int) -> tuple[int, int]:
    size = (attachment.width or 1, attachment.height or 1)
    return fitted(*size, side)


def _travelling_bytes(attachment: Attachment) -> int:
    """How many bytes of a request's body an attachment takes, at most."""
    if attachment.text:
        return len(json.dumps(attachment.text, ensure_ascii=False).encode())
    stored = attachment.sent or attachment.original
    return -(-stored.size_bytes // 3) * 4


def _over(code: str, text: str, most: int) -> OperationError:
    return OperationError(code, text % {"most": f"{most:,}"}, status=413)
