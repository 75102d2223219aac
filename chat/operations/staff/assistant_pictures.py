"""Pictures of assistants: read like a person's upload, and kept small."""

from django.db import transaction
from django.utils.translation import gettext as _

from chat.models import Assistant, StoredFile
from chat.operations.errors import OperationError, busy
from chat.operations.files.pictures import Rendition, read_picture
from chat.operations.files.storage import delete_if_unused, keep
from chat.readers.errors import Busy
from chat.readers.pictures.sizes import picture_format

MAX_PICTURE_BYTES = 10_000_000


def read_assistant_picture(data: bytes) -> Rendition:
    """Return an uploaded picture as it is kept: encoded anew, without metadata, at most 480 pixels a side.

    Raises:
        OperationError: too_large, unreadable, busy.
    """
    if len(data) > MAX_PICTURE_BYTES:
        message = _("This image is larger than 10 MB. Save it smaller, then upload the new file.")
        raise OperationError("too_large", message, status=413)
    if not picture_format(data):
        message = _("This is not an image that can be read. Choose a PNG, JPEG, WebP or GIF file.")
        raise OperationError("unreadable", message, status=422)
    try:
        return read_picture(data).thumbnail
    except Busy:
        raise busy() from None


def set_picture(*, assistant: Assistant, picture: Rendition | None) -> None:
    """Store an assistant's picture, or remove it. The bytes of the old one are deleted if nothing else uses them."""
    before: StoredFile | None = assistant.picture
    with transaction.atomic():
        assistant.picture = keep(picture.data, picture.media_type) if picture else None
        assistant.save(update_fields=["picture"])
    if before is not None and before != assistant.picture:
        transaction.on_commit(lambda: delete_if_unused(before))
