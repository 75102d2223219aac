"""Attached pictures: the version for models and the thumbnail, made by `readers.pictures.convert` in a sandbox."""

import dataclasses

from django.utils.translation import gettext as _

from chat.models.catalogue.platforms import MOST_PICTURE_BYTES
from chat.operations.errors import OperationError
from chat.readers.errors import Exceeded, Refused
from chat.readers.pictures.sizes import USEFUL_SIDE, picture_format
from chat.readers.process import sandbox

# How long an upload waits for other files: a browser sends several at once.
UPLOAD_WAIT_SECONDS = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class Rendition:
    """A picture encoded anew."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """An upload's media type, the picture for models, and its thumbnail."""

    media_type: str
    sent: Rendition
    thumbnail: Rendition


def read_picture(data: bytes, *, person: str = "") -> Picture:
    """Read an upload whose first bytes are a picture's; `person` is the id of whose upload it is.

    Raises:
        OperationError: too_large (more pixels than are taken, or too costly to decode), unreadable.
        Busy: other files were still being read.
    """
    try:
        found = sandbox.run(
            "picture",
            data,
            bounds=sandbox.FILES,
            person=person,
            wait_seconds=UPLOAD_WAIT_SECONDS,
            side=USEFUL_SIDE,
            max_bytes=MOST_PICTURE_BYTES,
        )
    except Refused as refused:
        raise _refusal(refused) from None
    except Exceeded:
        raise OperationError(
            "too_large",
            _("This image takes too long to decode. Save it smaller, then attach the new file."),
            status=413,
        ) from None
    sent, small = (Rendition(part, **told) for told, part in zip(found.value, found.parts, strict=True))
    return Picture(f"image/{picture_format(data).lower()}", sent, small)


def shrunk(data: bytes, side: int) -> bytes:
    """Return a picture that Parley encoded, in the same format, at most `side` pixels wide and high."""
    made = sandbox.run("shrink", data, bounds=sandbox.FILES, side=side, max_bytes=MOST_PICTURE_BYTES)
    return made.parts[0]


def _refusal(refused: Refused) -> OperationError:
    if refused.code == "too_large":
        words = _(
            "This image has %(pixels)s megapixels; the limit for this format is %(most)s. Save it "
            "smaller, or as JPEG."
        )
        return OperationError("too_large", words % refused.numbers, status=413)
    return OperationError(
        "unreadable", _("This image is damaged. Save it again, then attach the new file."), status=422
    )
