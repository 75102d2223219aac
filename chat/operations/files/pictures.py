"""Attached pictures: the version for models and the thumbnail, made in a sandbox; see `chat.readers.pictures`."""

import dataclasses

from django.utils.translation import gettext as _

from chat.models.platforms import MOST_PICTURE_BYTES
from chat.operations.errors import OperationError
from chat.readers import sandbox
from chat.readers.errors import Exceeded, Refused
from chat.readers.sizes import USEFUL_SIDE, picture_format


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


def read_picture(data: bytes) -> Picture:
    """Read an upload whose first bytes are a picture's.

    Raises:
        OperationError: too_large (more pixels than are taken, or too costly to decode), unreadable.
    """
    try:
        found = sandbox.run(
            "picture", data, bounds=sandbox.FILES, side=USEFUL_SIDE, max_bytes=MOST_PICTURE_BYTES
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
