"""Pictures of tools are read like uploads before a transcript keeps them; unreadable ones become text."""

import asyncio
import base64
import dataclasses
import io
from typing import Any

import pytest
from PIL import Image

from chat.claude.content.blocks import Block
from chat.readers.process import sandbox
from chat.tools.pictures import MAX_PICTURES, with_encoded_pictures
from chat.tools.result import ToolResult, make_result
from tests.support import media

pytestmark = pytest.mark.django_db


def given(*pictures: bytes, claimed: str = "image/png") -> ToolResult:
    blocks = [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": claimed, "data": base64.b64encode(data).decode()},
        }
        for data in pictures
    ]
    return make_result([*blocks, {"type": "text", "text": "Done."}], limit_bytes=5_000_000)


def kept(*pictures: bytes, **options: Any) -> list[Block]:
    return asyncio.run(with_encoded_pictures(given(*pictures, **options))).content


def test_unsupported_picture_is_converted() -> None:
    image, said = kept(media.picture("PNG", (9000, 8)))
    made = Image.open(io.BytesIO(base64.b64decode(image["source"]["data"])))
    assert (made.size, image["source"]["media_type"]) == ((1568, 1), "image/png")
    assert said == {"type": "text", "text": "Done."}


def test_type_is_read_from_the_bytes() -> None:
    image, _said = kept(media.picture("JPEG"), claimed="image/png")
    assert image["source"]["media_type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x89PNG\r\n\x1a\nnothing more", "[a picture that could not be read]"),
        (media.png_bomb(), "[a picture of 2500 megapixels; at most 25 are taken in its format]"),
    ],
)
def test_unreadable_pictures_become_text(data: bytes, words: str) -> None:
    assert kept(data)[0] == {"type": "text", "text": words}


def test_expensive_pictures_become_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "FILES", dataclasses.replace(sandbox.FILES, memory_bytes=1_000_000))
    assert kept(media.picture())[0]["text"] == "[a picture that takes too much to decode]"


def test_pictures_per_result_are_limited() -> None:
    content = kept(*[media.picture("PNG", (5, 5))] * (MAX_PICTURES + 1))
    assert [block["type"] for block in content] == ["image"] * MAX_PICTURES + ["text", "text"]


async def test_other_results_are_unchanged() -> None:
    result = make_result("Fine.", limit_bytes=100)
    assert await with_encoded_pictures(result) is result
