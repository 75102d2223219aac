"""Attached pictures: how they are stored, and refusals of unreadable ones."""

import dataclasses
import io
import struct
from typing import Any

import pytest
from PIL import Image

from chat.models.catalogue.platforms import MOST_PICTURE_BYTES, PLATFORMS
from chat.operations.files.pictures import read_picture, shrunk
from chat.readers.process import sandbox
from tests.support import media
from tests.support.refusals import refusal_code


def opened(data: bytes) -> Any:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("name", "sent"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("GIF", "image/png"), ("WEBP", "image/png")],
)
def test_every_format_is_read_and_encoded_anew(name: str, sent: str) -> None:
    data = media.picture(name, (400, 300))
    found = read_picture(data)
    assert (found.media_type, found.sent.media_type) == (f"image/{name.lower()}", sent)
    assert (found.sent.width, found.sent.height) == opened(found.sent.data).size == (400, 300)
    assert opened(found.thumbnail.data).format == "WEBP"
    assert read_picture(data) == found


def test_photo_is_rotated_and_loses_its_metadata() -> None:
    data = media.turned_photo()
    assert b"A secret place" in data
    found = read_picture(data)
    assert (found.sent.width, found.sent.height) == (20, 40)
    for made in (found.sent, found.thumbnail):
        assert b"secret" not in made.data
        assert not opened(made.data).getexif()


def test_large_pictures_are_scaled() -> None:
    found = read_picture(media.picture("JPEG", (4000, 1000)))
    assert (found.sent.width, found.sent.height) == (2576, 644)
    assert max(opened(found.thumbnail.data).size) == 480
    smaller = shrunk(found.sent.data, 1568)
    assert opened(smaller).size == (1568, 392)
    assert opened(smaller).format == "JPEG"
    assert shrunk(found.sent.data, 1568) == smaller


def test_stored_pictures_fit_every_platform() -> None:
    for platform in PLATFORMS.values():
        assert platform.picture_bytes >= -(-MOST_PICTURE_BYTES // 3) * 4


@pytest.mark.parametrize(
    "bomb",
    [
        media.png_bomb(),
        media.webp_head(b"VP8X", b"\0\0\0\0" + b"\xff\xff\xff" + b"\xff\xff\xff"),
        media.webp_head(b"VP8L", b"\x2f" + struct.pack("<I", 0x0FFFFFFF)),
        media.webp_head(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 0x3FFF, 0x3FFF)),
    ],
)
def test_picture_bombs_are_refused_by_their_header(bomb: bytes) -> None:
    assert refusal_code(read_picture, bomb) == "too_large"


@pytest.mark.parametrize(
    "broken",
    [
        b"\xff\xd8\xff nothing more",
        b"GIF89a",
        media.webp_head(b"VP8 ", b""),
        media.webp_head(b"VP8 ", b"\0" * 30),
        media.picture("PNG", (300, 300), noise=True)[:3000],
        media.picture("JPEG", (300, 300), noise=True)[:300],
        media.png_bomb(10, 0),
    ],
)
def test_damaged_pictures_are_refused(broken: bytes) -> None:
    assert refusal_code(read_picture, broken) == "unreadable"


def test_expensive_pictures_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "FILES", dataclasses.replace(sandbox.FILES, memory_bytes=100_000_000))
    assert refusal_code(read_picture, media.picture("PNG", (4000, 4000), "RGBA")) == "too_large"
