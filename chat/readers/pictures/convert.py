"""Converts pictures into the form that models need: upright, without metadata, no larger than useful, deterministic.

Sizes come from headers before anything is decoded. A decoded picture is first scaled down and then turned and
converted, so that the full picture is in memory only once.
"""

import io
import struct
from typing import TYPE_CHECKING, Any

from chat.readers.errors import Refused
from chat.readers.pictures.grey import in_eight_bits, is_deep, scale_transparent_colour
from chat.readers.pictures.sizes import THUMBNAIL_SIDE, fitted_size, picture_format

if TYPE_CHECKING:
    from PIL.Image import Image

# The memory that decoding needs: a JPEG can be decoded at a reduced size, but a progressive one is first held in full
# with six bytes per pixel. Other formats are decoded in full with four bytes per pixel, twice if they are transparent;
# WebP needs a canvas in addition.
PROGRESSIVE = "progressive"
MAX_PIXELS = {
    "JPEG": 100_000_000,
    PROGRESSIVE: 32_000_000,
    "PNG": 25_000_000,
    "GIF": 25_000_000,
    "WEBP": 16_000_000,
}


def normalize_picture(data: bytes, *, side: int, max_bytes: int) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Re-encode a picture, at most `side` pixels wide and high and `max_bytes` long, and make a thumbnail of it.

    Return [{"media_type", "width", "height"}, …] and the bytes, for both.

    Raises:
        Refused: too_large (`pixels` and `most` in millions), unreadable.
    """
    name = picture_format(data)
    image = _decoded(data, name, side)
    sent = _encoded(image, max_bytes, photo=name == "JPEG")
    small = _scaled(image, THUMBNAIL_SIDE)
    thumbnail = _saved(small, "WEBP", quality=80, method=4)
    descriptions = [_description(sent[0], image), _description("image/webp", small)]
    return descriptions, [sent[1], thumbnail]


def shrink_picture(data: bytes, *, side: int, max_bytes: int) -> tuple[None, list[bytes]]:
    """Re-encode a picture that `normalize_picture` made in the same format, at most `side` pixels wide and high."""
    name = picture_format(data)
    return None, [_encoded(_decoded(data, name, side), max_bytes, photo=name == "JPEG")[1]]


def _description(media_type: str, image: "Image") -> dict[str, Any]:
    return {"media_type": media_type, "width": image.width, "height": image.height}


def _decoded(data: bytes, name: str, side: int) -> "Image":
    """Return the first frame: within `side`, upright, in RGB or RGBA."""
    from PIL import Image, ImageOps

    if name == "WEBP":
        _check_pixels(name, *_webp_size(data))  # its decoder allocates the complete canvas at once
    Image.MAX_IMAGE_PIXELS = None  # our own limits are checked below for every picture
    with Image.open(io.BytesIO(data), formats=[name]) as image:
        _check_pixels(PROGRESSIVE if PROGRESSIVE in image.info else name, *image.size)
        image.draft("RGB", fitted_size(*image.size, side))
        small = _scaled(_scalable(image, data), side)
        upright = ImageOps.exif_transpose(small)
        return upright.convert("RGBA" if upright.mode in ("LA", "RGBA") else "RGB")


def _scalable(image: "Image", data: bytes) -> "Image":
    """Return a picture in a mode that can be scaled without losing levels, colours or transparency."""
    image.load()  # some formats report transparency only after loading
    if is_deep(image):
        return in_eight_bits(image)
    scale_transparent_colour(image, data)
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
    """Return width and height from the header (RFC 9649)."""
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
    """Return media type and bytes: JPEG for a photo, PNG for the rest unless it would be too large."""
    if not photo:
        data = _saved(image, "PNG", compress_level=6)
        if len(data) <= max_bytes:
            return "image/png", data
    flat = image if image.mode == "RGB" else _on_white(image)
    # At the lowest quality the largest possible picture takes half of the allowed bytes.
    tries = (_saved(flat, "JPEG", quality=quality) for quality in (90, 75, 50))
    data = next((found for found in tries if len(found) <= max_bytes), b"")
    return "image/jpeg", data or _saved(flat, "JPEG", quality=25)


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _saved(image: "Image", name: str, **options: int) -> bytes:
    # Only pixels are passed on, not the metadata of the decoder (EXIF, GPS, comments, profiles).
    image.info.clear()
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()
