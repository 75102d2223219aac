"""Pictures: sizes, the two modes, file sizes, and every pixel format."""

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from chat.readers.errors import Refused
from chat.readers.pictures import convert as pictures
from chat.readers.pictures.sizes import fitted_size, picture_format
from tests.support import media


def read(data: bytes, side: int = 2576, max_bytes: int = 3_750_000) -> tuple[dict[str, Any], Any]:
    """Return the description of the encoded picture, and the picture."""
    told, parts = pictures.normalize_picture(data, side=side, max_bytes=max_bytes)
    return {**told[0], "bytes": len(parts[0])}, Image.open(io.BytesIO(parts[0]))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP"])
def test_formats_are_found_in_the_first_bytes(name: str) -> None:
    assert picture_format(media.picture(name)) == name


def test_sizes_stay_within_side_and_token_limits() -> None:
    assert fitted_size(100, 50, 2576) == (100, 50)
    for side, tokens in ((2576, 4784), (1568, 1568)):
        width, height = fitted_size(8000, 8000, side)
        assert max(width, height) <= side
        assert -(-width // 28) * -(-height // 28) <= tokens
    assert fitted_size(100_000, 1, 2576) == (2576, 1)
    assert fitted_size(900, 900, 480) == (480, 480)


@pytest.mark.parametrize(
    ("name", "mode", "sent"),
    [
        ("PNG", "1", "RGB"),
        ("PNG", "L", "RGB"),
        ("PNG", "LA", "RGBA"),
        ("PNG", "P", "RGB"),
        ("PNG", "RGBA", "RGBA"),
        ("PNG", "I;16", "RGB"),
        ("WEBP", "RGBA", "RGBA"),
        ("JPEG", "L", "RGB"),
        ("JPEG", "CMYK", "RGB"),
    ],
)
@pytest.mark.parametrize("side", [2576, 100])
def test_every_mode_is_read(name: str, mode: str, sent: str, side: int) -> None:
    image = Image.new(mode, (200, 100), 1)
    buffer = io.BytesIO()
    image.save(buffer, name)
    told, made = read(buffer.getvalue(), side)
    assert (made.mode, made.size) == (sent, (200, 100) if side > 200 else (100, 50))
    assert (told["width"], told["height"]) == made.size


def test_large_rotated_photo_is_turned() -> None:
    told, made = read(media.turned_photo((5000, 1000)))
    assert made.size == (told["width"], told["height"]) == (515, 2576)
    assert not made.getexif()


def test_transparent_colour_stays_transparent() -> None:
    _told, made = read(media.picture("PNG", (300, 200), transparency=(255, 165, 0)), side=100)
    assert made.mode == "RGBA"
    assert (made.getpixel((90, 10))[3], made.getpixel((10, 10))[3]) == (0, 255)


def deep(levels: list[int], depth: int = 16, kind: int = 0, transparent: tuple[int, ...] = ()) -> bytes:
    """A PNG of one row with `depth` bits a sample, grey (kind 0) or in colours (kind 2)."""
    bits = "".join(format(level, f"0{depth}b") for level in levels for _channel in range(3 if kind else 1))
    row = b"\0" + int(bits, 2).to_bytes(-(-len(bits) // 8), "big")
    head = struct.pack(">IIBBBBB", len(levels), 1, depth, kind, 0, 0, 0)
    named = media.chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)) if transparent else b""
    parts = [
        media.chunk(b"IHDR", head),
        named,
        media.chunk(b"IDAT", zlib.compress(row)),
        media.chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        ([0, 32_768, 65_535], [0, 128, 255]),
        ([0, 2_048, 4_095], [0, 128, 255]),
        ([0, 512, 1_023], [0, 128, 255]),
        ([0, 8_192, 16_383], [0, 128, 255]),
        ([0, 128, 255], [0, 128, 255]),
        ([0, 0, 0], [0, 0, 0]),
        ([30_000, 65_535, 40_000], [117, 255, 156]),
    ],
)
def test_deep_levels_are_scaled_to_their_range(levels: list[int], shown: list[int]) -> None:
    _told, made = read(deep(levels))
    assert (made.mode, [made.getpixel((place, 0)) for place in range(3)]) == (
        "RGB",
        [(one,) * 3 for one in shown],
    )


@pytest.mark.parametrize(
    ("data", "alpha"),
    [
        (deep([0, 32_768, 65_535], transparent=(32_768,)), [255, 0, 255]),
        (deep([0, 32_768, 65_535], kind=2, transparent=(32_768,) * 3), [255, 0, 255]),
        (deep([0, 3, 2, 1], depth=2, transparent=(3,)), [255, 0, 255, 255]),
        (deep([0, 15], depth=4, transparent=(15,)), [255, 0]),
        (deep([0, 200], depth=8, transparent=(200,)), [255, 0]),
        (deep([0, 1, 1, 1, 1, 1, 1, 1], depth=1, transparent=(1,)), [255, *[0] * 7]),
    ],
)
def test_a_transparent_level_is_met_in_every_depth(data: bytes, alpha: list[int]) -> None:
    _told, made = read(data)
    assert [made.getchannel("A").getpixel((place, 0)) for place in range(len(alpha))] == alpha


def test_a_deep_picture_is_turned_and_scaled() -> None:
    image = Image.new("I;16", (600, 300), 40_000)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    image.save(buffer, "PNG", exif=exif)
    assert read(buffer.getvalue(), side=100)[1].size == (50, 100)


def test_heavy_pictures_become_photos() -> None:
    for mode in ("RGB", "RGBA"):
        told, _made = read(media.picture("PNG", (200, 200), mode, noise=True), max_bytes=20_000)
        assert told["media_type"] == "image/jpeg"
        assert told["bytes"] <= 20_000
    assert read(media.picture("JPEG"), max_bytes=10)[0]["media_type"] == "image/jpeg"


def test_other_bytes_are_not_a_picture() -> None:
    assert picture_format(b"<svg xmlns='http://www.w3.org/2000/svg'/>") == ""


BOMBS = [
    media.png_bomb(),
    media.webp_head(b"VP8X", b"\0\0\0\0" + b"\xff\xff\xff" + b"\xff\xff\xff"),
    media.webp_head(b"VP8L", b"\x2f" + struct.pack("<I", 0x0FFFFFFF)),
    media.webp_head(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 0x3FFF, 0x3FFF)),
    media.picture("JPEG", (8000, 4001), progressive=True),
]


@pytest.mark.parametrize("bomb", BOMBS, ids=range(5))
def test_picture_bombs_are_refused_by_their_header(bomb: bytes) -> None:
    with pytest.raises(Refused, match="too_large") as refused:
        read(bomb)
    assert refused.value.numbers["pixels"] > refused.value.numbers["most"]


def test_a_picture_without_pixels_is_damaged() -> None:
    with pytest.raises(Refused, match="unreadable"):
        read(media.webp_head(b"VP8 ", b"\0" * 30))


def test_own_output_can_be_reduced_again() -> None:
    _none, (made,) = pictures.shrink_picture(media.picture("JPEG", (400, 200)), side=100, max_bytes=3_750_000)
    assert Image.open(io.BytesIO(made)).size == (100, 50)
