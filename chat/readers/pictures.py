"""Pictures as models want them: upright, without metadata, no larger than is useful, the same bytes every time.

Sizes come from headers before anything is decoded. What is decoded is made small first and turned and converted
afterwards, so that the whole picture is in memory once.
"""

import io
import struct
from typing import TYPE_CHECKING, Any

from chat.readers.errors import Refused
from chat.readers.sizes import THUMBNAIL_SIDE, fitted_size, picture_format

if TYPE_CHECKING:
    from PIL.Image import Image

# What decoding costs: a JPEG can be decoded small, but a progressive one is kept whole until then, with six bytes a
# pixel; others are decoded whole, with four, and once more where they are transparent; WebP has a canvas besides.
PROGRESSIVE = "progressive"
MAX_PIXELS = {
    "JPEG": 100_000_000,
    PROGRESSIVE: 32_000_000,
    "PNG": 25_000_000,
    "GIF": 25_000_000,
    "WEBP": 16_000_000,
}


def read_picture(data: bytes, *, side: int, max_bytes: int) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Encode a picture anew, at most `side` pixels wide and high and `most_bytes` heavy, and a thumbnail of it.

    Returns [{"media_type", "width", "height"}, …] and the bytes, of both.

    Raises:
        Refused: too_large (`pixels` and `most` in millions), unreadable.
    """
    name = picture_format(data)
    image = _decoded(data, name, side)
    sent = _encoded(image, max_bytes, photo=name == "JPEG")
    small = _scaled(image, THUMBNAIL_SIDE)
    thumbnail = _saved(small, "WEBP", quality=80, method=4)
    told = [_description(sent[0], image), _description("image/webp", small)]
    return told, [sent[1], thumbnail]


def shrink_picture(data: bytes, *, side: int, max_bytes: int) -> tuple[None, list[bytes]]:
    """Encode a picture that was made here in the same format, at most `side` pixels wide and high."""
    name = picture_format(data)
    return None, [_encoded(_decoded(data, name, side), max_bytes, photo=name == "JPEG")[1]]


def _description(media_type: str, image: "Image") -> dict[str, Any]:
    return {"media_type": media_type, "width": image.width, "height": image.height}


def _decoded(data: bytes, name: str, side: int) -> "Image":
    """Decode the first frame: within `side`, upright, in RGB or RGBA."""
    from PIL import Image, ImageOps

    if name == "WEBP":
        _check_pixels(name, *_webp_size(data))  # its decoder takes memory for the whole canvas at once
    Image.MAX_IMAGE_PIXELS = None  # our own limits are asked below, for every picture
    with Image.open(io.BytesIO(data), formats=[name]) as image:
        _check_pixels(PROGRESSIVE if PROGRESSIVE in image.info else name, *image.size)
        image.draft("RGB", fitted_size(*image.size, side))
        small = _scaled(_scalable(image), side)
        upright = ImageOps.exif_transpose(small)
        return upright.convert("RGBA" if upright.mode in ("LA", "RGBA") else "RGB")


def _scalable(image: "Image") -> "Image":
    """Give a picture in a mode that can be scaled without losing colours or transparency."""
    image.load()  # some formats tell of transparency only now
    if image.has_transparency_data:
        return image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _check_pixels(name: str, width: int, height: int) -> None:
    if not width or not height:
        raise Refused("unreadable")
    maximum = MAX_PIXELS[name]
    if width * height > maximum:
        raise Refused("too_large", pixels=-(-width * height // 1_000_000), most=maximum // 1_000_000)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Read width and height from the header (RFC 9649)."""
    match data[12:16]:
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _scaled(image: "Image", side: int) -> "Image":
    from PIL import Image

    size = fitted_size(*image.size, side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _encoded(image: "Image", max_bytes: int, *, photo: bool) -> tuple[str, bytes]:
    """Write a photo as JPEG and the rest as PNG, unless that would be too heavy; returns media type and bytes."""
    if not photo:
        data = _saved(image, "PNG", compress_level=6)
        if len(data) <= max_bytes:
            return "image/png", data
    flat = image if image.mode == "RGB" else _on_white(image)
    # At the lowest quality the largest picture that is sent has half of what may be sent.
    tries = (_saved(flat, "JPEG", quality=quality) for quality in (90, 75, 50))
    data = next((found for found in tries if len(found) <= max_bytes), b"")
    return "image/jpeg", data or _saved(flat, "JPEG", quality=25)


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
