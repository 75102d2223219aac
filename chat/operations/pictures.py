"""Pictures as models want them: upright, without metadata, no larger than is useful, the same bytes every time.

Sizes come from headers before anything is decoded, and one picture is decoded at a time, so that neither a bomb nor
a crowd fills the memory.
"""

import dataclasses
import io
import struct
import threading
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from chat.models.platforms import PLATFORMS
from chat.operations.errors import OperationError

if TYPE_CHECKING:
    from PIL.Image import Image

USEFUL_SIDE = 2576
OLDER_SIDE = 1568
THUMBNAIL_SIDE = 480
# With more pictures than this in one request, each may have this many pixels a side (the API's vision page).
MANY_PICTURES, MANY_PICTURES_SIDE = 20, 2_000
# What a side is worth: models scale a picture down to so many squares of 28 pixels.
_TOKENS = {USEFUL_SIDE: 4784, OLDER_SIDE: 1568}
_SQUARE = 28
# A JPEG can be decoded small; other formats only whole.
MAX_PIXELS = {"JPEG": 100_000_000, "PNG": 25_000_000, "GIF": 25_000_000, "WEBP": 25_000_000}
# Base64 writes four bytes for three. A picture is encoded once, whoever will be asked about it.
MAX_SENT_BYTES = min(platform.picture_bytes for platform in PLATFORMS.values()) // 4 * 3
_MAGIC = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"))
_ONE_AT_A_TIME = threading.Lock()


@dataclasses.dataclass(frozen=True, slots=True)
class Rendition:
    """A picture encoded anew."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """An upload's media type, what is sent of it, and its thumbnail."""

    media_type: str
    sent: Rendition
    thumbnail: Rendition


def picture_format(data: bytes) -> str:
    """Return JPEG, PNG, GIF or WEBP by the first bytes; "" for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((name for magic, name in _MAGIC if data.startswith(magic)), "")


def read_picture(data: bytes) -> Picture:
    """Read an upload whose first bytes are a picture's.

    Raises:
        OperationError: too_large (more pixels than are taken), unreadable.
    """
    name = picture_format(data)
    with _ONE_AT_A_TIME:
        image = _decoded(data, name, USEFUL_SIDE)
        sent = _encoded(_scaled(image, USEFUL_SIDE), photo=name == "JPEG")
        small = _scaled(image, THUMBNAIL_SIDE)
        thumbnail = Rendition(_saved(small, "WEBP", quality=80, method=4), "image/webp", *small.size)
    return Picture(f"image/{name.lower()}", sent, thumbnail)


def shrunk(data: bytes, side: int) -> bytes:
    """Return a picture that was made here in the same format, at most `side` pixels wide and high."""
    name = picture_format(data)
    with _ONE_AT_A_TIME:
        return _encoded(_scaled(_decoded(data, name, side), side), photo=name == "JPEG").data


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size that a picture has within `side` pixels and the tokens that models spend on it."""
    scale = min(1.0, side / max(width, height))
    most = _TOKENS.get(side, side * side)
    while True:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        if -(-size[0] // _SQUARE) * -(-size[1] // _SQUARE) <= most:
            return size
        scale *= 0.99


def _decoded(data: bytes, name: str, side: int) -> "Image":
    """Decode the first frame, upright, in RGB or RGBA."""
    from PIL import Image, ImageOps

    if name == "WEBP":
        _check_pixels(name, *_webp_size(data))  # its decoder takes memory for the whole canvas at once
    Image.MAX_IMAGE_PIXELS = None  # our own limits are asked below, for every picture
    try:
        with Image.open(io.BytesIO(data), formats=[name]) as image:
            _check_pixels(name, *image.size)
            image.draft("RGB", (side, side))
            upright = ImageOps.exif_transpose(image)
            return upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except OperationError:
        raise
    except Exception as error:  # decoders fail in many ways
        raise _unreadable() from error


def _check_pixels(name: str, width: int, height: int) -> None:
    if not width or not height:
        raise _unreadable()
    most = MAX_PIXELS[name]
    if width * height > most:
        raise OperationError(
            "too_large",
            _(
                "This picture has %(pixels)s megapixels; %(most)s are taken in this format. Save it smaller, "
                "or as JPEG."
            )
            % {"pixels": -(-width * height // 1_000_000), "most": most // 1_000_000},
            status=413,
        )


def _webp_size(data: bytes) -> tuple[int, int]:
    """Read width and height from the header (RFC 9649)."""
    try:
        match data[12:16]:
            case b"VP8X":
                return (
                    int.from_bytes(data[24:27], "little") + 1,
                    int.from_bytes(data[27:30], "little") + 1,
                )
            case b"VP8L":
                (bits,) = struct.unpack_from("<I", data, 21)
                return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        width, height = struct.unpack_from("<HH", data, 26)
    except struct.error:
        raise _unreadable() from None
    return width & 0x3FFF, height & 0x3FFF


def _unreadable() -> OperationError:
    return OperationError(
        "unreadable", _("This picture is damaged. Save it again, then attach that file."), status=422
    )


def _scaled(image: "Image", side: int) -> "Image":
    from PIL import Image

    size = fitted(*image.size, side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _encoded(image: "Image", *, photo: bool) -> Rendition:
    """Write a photo as JPEG and the rest as PNG, unless that would be too heavy."""
    if not photo:
        data = _saved(image, "PNG", compress_level=6)
        if len(data) <= MAX_SENT_BYTES:
            return Rendition(data, "image/png", *image.size)
    flat = image if image.mode == "RGB" else _on_white(image)
    # At the lowest quality the largest picture that is sent has half of what may be sent.
    tries = (_saved(flat, "JPEG", quality=quality) for quality in (90, 75, 50))
    data = next((found for found in tries if len(found) <= MAX_SENT_BYTES), b"")
    return Rendition(data or _saved(flat, "JPEG", quality=25), "image/jpeg", *image.size)


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _saved(image: "Image", name: str, **options: int) -> bytes:
    # Nothing but pixels: what a decoder keeps beside them (EXIF, GPS, comments, profiles) is not passed on.
    image.info.clear()
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()
