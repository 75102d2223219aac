"""Checks of pictures and documents in a request, and the passages that an answer can cite."""

import base64
import binascii
import re
import struct
from collections.abc import Iterator
from typing import Any

from chat.simulator.models import Model
from chat.simulator.prompts.prompt import Block, blocks_of
from chat.simulator.prompts.tokens import pdf_pages
from chat.simulator.transport.wire import ApiError, invalid

MAX_PICTURE_BASE64 = 10_000_000
MAX_SIDE = 8_000
MANY, MANY_SIDE = 20, 2_000
SMALL_CONTEXT = 200_000
MAGIC = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
SENTENCE = re.compile(r"\S[^.!?\n。]{0,199}[.!?。]?")


def check(body: dict[str, Any], model: Model) -> None:
    """Check the pictures and documents of validated messages.

    Raises:
        ApiError: 400.
    """
    found = list(_with_paths(body["messages"]))
    pictures = [(where, block) for where, block in found if block["type"] == "image"]
    documents = [(where, block) for where, block in found if block["type"] == "document"]
    small = model.context_tokens <= SMALL_CONTEXT
    if len(pictures) > (100 if small else 600):
        raise ApiError(400, f"messages: too many images: {len(pictures)}")
    limit = MANY_SIDE if len(pictures) > MANY else MAX_SIDE
    for where, block in pictures:
        _check_picture(where, block["source"], limit)
    pages = sum(_check_document(where, block) for where, block in documents)
    if pages > (100 if small else 600):
        raise ApiError(400, f"messages: A maximum of {100 if small else 600} PDF pages may be provided.")
    _check_citations(body, [block for _where, block in documents])


def _with_paths(messages: list[dict[str, Any]]) -> Iterator[tuple[str, Block]]:
    for number, message in enumerate(messages):
        for position, block in enumerate(blocks_of(message["content"])):
            yield from _nested(f"messages.{number}.content.{position}", block)


def _nested(where: str, block: Block) -> Iterator[tuple[str, Block]]:
    if block["type"] in ("image", "document"):
        yield where, block
    inner = block.get("content")
    if block["type"] == "tool_result" and isinstance(inner, list):
        for position, part in enumerate(inner):
            yield from _nested(f"{where}.tool_result.content.{position}", part)


def _check_picture(where: str, source: dict[str, Any], limit: int) -> None:
    if source["type"] != "base64":
        return
    data = _bytes(f"{where}.image.source.base64.data", source["data"])
    if len(source["data"]) > MAX_PICTURE_BASE64:
        raise invalid(f"{where}.image.source.base64", "image exceeds 10 MB maximum")
    if not data.startswith(MAGIC[source["media_type"]]):
        raise invalid(f"{where}.image.source.base64.data", f"The image is not {source['media_type']}")
    if max(size := picture_size(data)) > limit:
        raise ApiError(
            400,
            f"{where}.image.source: At least one of the image dimensions exceed max allowed size: {size}, {limit}",
            code="image_dimensions_too_large",
        )


def _check_document(where: str, block: Block) -> int:
    """Return the pages of a PDF, 0 for other documents."""
    source = block["source"]
    expected = {"base64": "application/pdf", "text": "text/plain"}.get(source["type"])
    if expected is None:
        return 0
    if source.get("media_type") != expected:
        raise invalid(f"{where}.document.source.media_type", f"Input should be '{expected}'")
    if source["type"] == "text":
        return 0
    data = _bytes(f"{where}.document.source.base64.data", source["data"])
    if b"%PDF-" not in data[:1024]:
        raise invalid(f"{where}.document.source.base64.data", "The PDF specified was not valid.")
    return pdf_pages(data)


def _bytes(where: str, data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(where, "Input should be valid base64") from None


def _check_citations(body: dict[str, Any], documents: list[Block]) -> None:
    settings = {cites(block) for block in documents}
    if len(settings) > 1:
        raise ApiError(400, "messages: citations must be enabled on all documents or on none")
    asked = True in settings or any(map(cites, body.get("tools") or ()))
    if asked and (body.get("output_config") or {}).get("format"):
        raise ApiError(400, "output_config.format: structured outputs are not supported with citations")


def cites(block: Block) -> bool:
    """Return whether a document, or the result of a tool, may be cited."""
    setting = block.get("citations")
    return isinstance(setting, dict) and bool(setting.get("enabled"))


def picture_size(data: bytes) -> tuple[int, int]:
    """Return width and height from the header of a PNG, GIF or JPEG; (1, 1) for anything else."""
    if data[:8] == MAGIC["image/png"] and len(data) >= 24:
        width, height = struct.unpack_from(">II", data, 16)
        return width, height
    if data[:4] == b"GIF8" and len(data) >= 10:
        width, height = struct.unpack_from("<HH", data, 6)
        return width, height
    return _jpeg_size(data)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return 1, 1


def citations(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one citation per document that may be cited: its first sentence, or the first page of a PDF."""
    documents = [block for _where, block in _with_paths(messages) if block["type"] == "document"]
    return [
        _citation(number, block)
        for number, block in enumerate(documents)
        if cites(block) and block["source"]["type"] in ("text", "base64")
    ]


def _citation(number: int, block: Block) -> dict[str, Any]:
    about = {"document_index": number, "document_title": block.get("title"), "file_id": None}
    if block["source"]["type"] == "base64":
        place: dict[str, Any] = {"type": "page_location", "cited_text": "The first page."}
        return place | about | {"start_page_number": 1, "end_page_number": 2}
    text = block["source"]["data"]
    found = SENTENCE.search(text)
    start, end = found.span() if found else (0, len(text))
    place = {"type": "char_location", "cited_text": text[start:end]}
    return place | about | {"start_char_index": start, "end_char_index": end}
